using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.LiteDb;
using LoraLab.Server.Storage.Records;
using LoraLab.Tests.Server.Faults;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Storage;

/// <summary>A damaged database file is detected at startup and moved aside, and everything in it is rebuilt.</summary>
public sealed class DamagedDatabaseTests(ITestOutputHelper output) : IDisposable
{
    private const string Id = "2bz4ktn8aa";
    private const int Points = 700;

    private readonly TemporaryFolder _folder = new();

    private string Database => Path.Combine(_folder.Path, "data", "loralab.db");

    public static TheoryData<string> Damages => ["missing", "empty", "header", "truncated", "page", "zeros", "text", "missing-with-log"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Damages))]
    public void Start_DamagedFile_SetsItAsideAndRebuildsTheRun(string damage)
    {
        (string document, string series, long seq) = Fill();
        Inflict(damage);

        using StoreOnDisk again = new(_folder.Path);

        Assert.Equal(document, Json(again.Store.Find(Id)));
        Assert.Equal(series, Json(again.Store.ReadSeries(Id, null)));
        Assert.Equal("key", again.Store.FindResponse("key")?.Key);
        Assert.True(again.Store.Seq > seq, $"{again.Store.Seq} after {seq}: a number would be issued twice.");
        Assert.False(again.Store.ReadEvents(seq).Complete);
        Assert.True(again.Store.Paused);
        string[] aside = Directory.GetFiles(Path.GetDirectoryName(Database)!, "loralab.db.damaged-*");
        if (damage is "missing" or "empty")
        {
            Assert.Empty(aside);
            return;
        }

        string name = Path.GetFileName(aside.Order(StringComparer.Ordinal).First()).Replace("-log", "", StringComparison.Ordinal);
        Assert.Contains(again.Log.Lines, line => line.Contains(name, StringComparison.Ordinal));
    }

    /// <summary>Damage at random positions: whatever LiteDB does with it, the store shows the original content.</summary>
    [Fact]
    public void Start_RandomDamage_NeverShowsAnythingElse()
    {
        (string document, string series, _) = Fill();
        byte[] whole = File.ReadAllBytes(Database);
        int noticed = 0;
        int cases = FaultCount.IsFull ? 1000 : 60;
        for (int i = 0; i < cases; i++)
        {
            Random random = new(i);
            byte[] damaged = (byte[])whole.Clone();
            int length = random.Next(3) == 0 ? DatabaseStream.PageBytes : random.Next(1, 400);
            random.NextBytes(damaged.AsSpan(random.Next(damaged.Length - length), length));
            File.WriteAllBytes(Database, i % 10 == 9 ? damaged[..random.Next(damaged.Length)] : damaged);
            File.Delete(DatabaseFile.LogOf(Database));

            using StoreOnDisk again = new(_folder.Path);

            Assert.True(document == Json(again.Store.Find(Id)), $"Case {i}: the document differs.");
            Assert.True(series == Json(again.Store.ReadSeries(Id, null)), $"Case {i}: the series differ.");
            noticed += again.Log.Lines.Count > 0 ? 1 : 0;
        }

        output.WriteLine($"FAULTS damaged database: {cases} injected, {noticed} set aside, 0 runs lost, 0 points lost or changed");
        Assert.True(noticed > cases / 6, $"Only {noticed} of {cases} damages were detected: they hit nothing.");
    }

    [Fact]
    public void Start_DatabaseAndRecordGone_RebuildsFromSpecificationAndEvents()
    {
        (_, string series, _) = Fill();
        File.Delete(Database);
        File.WriteAllText(Path.Combine(_folder.Path, "data", "runs", Id, RunRecords.Record), "{ \"half\": ");

        using StoreOnDisk again = new(_folder.Path);
        RunDocument run = again.Store.Find(Id)!.Document;

        Assert.Equal(("rebuilt", RunState.Completed, EndReason.Finished), (run.Name, run.State, run.EndReason));
        Assert.Equal(0.75, run.Summary[MetricKeys.EvalAccuracy]?.Last);
        Assert.Equal(series, Json(again.Store.ReadSeries(Id, null)));
        Assert.Empty(RunInvariants.Violations(run));
    }

    [Fact]
    public void Start_RunDirectoryThatMakesNoSense_KeepsTheOthers()
    {
        (string document, _, _) = Fill();
        File.Delete(Database);
        _folder.Write("data/runs/2bz4ktn8zz/run.json", "null");
        _folder.Write("data/runs/2bz4ktn8zz/spec.json", "[]");
        _folder.Write("data/runs/notes/readme.txt", "not a run");

        using StoreOnDisk again = new(_folder.Path);

        Assert.Equal(document, Json(again.Store.Find(Id)));
        Assert.True(File.Exists(Path.Combine(_folder.Path, "data", "runs", "notes", "readme.txt")));
    }

    [Fact]
    public void Start_RunWhoseRecordIsMissing_WritesIt()
    {
        (string document, _, _) = Fill();
        string record = Path.Combine(_folder.Path, "data", "runs", Id, RunRecords.Record);
        File.Delete(record);

        new StoreOnDisk(_folder.Path).Dispose();

        Assert.Equal(document, Json(JsonSerializer.Deserialize<StoredRun>(File.ReadAllText(record), ContractJson.Options)));
    }

    [Fact]
    public void Start_DirectoryOfADeletedRun_IsGone()
    {
        Fill();
        string directory = Path.Combine(_folder.Path, "data", "runs", Id);
        Directory.Move(directory, directory + ".deleted");

        using StoreOnDisk again = new(_folder.Path);

        Assert.Null(again.Store.Find(Id));
        Assert.Empty(Directory.GetDirectories(Path.Combine(_folder.Path, "data", "runs")));
    }

    /// <summary>A finished run with points of two chunks and some non-finite ones, with the files that server and worker leave.</summary>
    private (string Document, string Series, long Seq) Fill()
    {
        WorkerEvent[] events =
        [
            new AttemptStarted { ProcessId = 4711 },
            new RunPrepared { Spec = new RunSpec { Name = "rebuilt" }, Environment = new RunEnvironment(), TotalSteps = Points },
            .. Enumerable.Range(1, Points).Select(step => new MetricsRecorded
            {
                Steps = [step],
                Values = new Dictionary<string, double[]>
                {
                    [MetricKeys.TrainLoss] = [step % 100 == 7 ? double.NaN : 1.0 / step],
                    [MetricKeys.TrainGradNorm] = [step],
                },
            }),
            new Evaluated
            {
                Step = Points,
                Metrics = new Dictionary<string, double>
                {
                    [MetricKeys.EvalAccuracy] = 0.75,
                    [MetricKeys.EvalMacroF1] = 0.7,
                    [MetricKeys.EvalLoss] = 0.5,
                },
                PredictionsFile = "predictions/step-000700.csv",
            },
            new AttemptEnded { Reason = EndReason.Finished, Summary = new RunSummary { TrainTokens = 99 } },
        ];
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        for (int i = 0; i < events.Length; i++)
        {
            events[i] = events[i] with { Number = i + 1, At = now };
        }

        using StoreOnDisk disk = new(_folder.Path);
        _folder.Write($"data/runs/{Id}/spec.json", JsonSerializer.Serialize(new RunSpec { Name = "rebuilt" }, ContractJson.Indented));
        _folder.Write(
            $"data/runs/{Id}/attempts/0001/events.jsonl",
            string.Concat(events.Select(happened => JsonSerializer.Serialize(happened, ContractJson.Options) + "\n")));
        RunDocument run = new()
        {
            Id = Id,
            Name = "rebuilt",
            Notes = "edited since",
            Tags = ["a"],
            Color = "#123456",
            Spec = new RunSpec { Name = "rebuilt" },
            CreatedAt = now,
        };
        RunUpdate update = RunProjector.Apply(RunStateMachine.Claim(run, "cpu", now), events);
        disk.Store.Transact(StoreScope.Everything, transaction =>
        {
            transaction.Put(new StoredRun { Document = RunStateMachine.End(update.Document, EndReason.Finished, null, now), Position = 7 });
            transaction.AddPoints(Id, update.Points);
            transaction.EmitState(update.Document);
            transaction.PutResponse(new StoredResponse("key", "hash", Id, "{}", now));
            transaction.SetPaused(true);
        });
        disk.Emit(Id, 50);
        return (Json(disk.Store.Find(Id)), Json(disk.Store.ReadSeries(Id, null)), disk.Store.Seq);
    }

    private void Inflict(string damage)
    {
        byte[] bytes = File.ReadAllBytes(Database);
        File.Delete(DatabaseFile.LogOf(Database));
        switch (damage)
        {
            case "missing":
                File.Delete(Database);
                return;
            case "missing-with-log":
                File.Delete(Database);
                File.WriteAllBytes(DatabaseFile.LogOf(Database), bytes[..(2 * DatabaseStream.PageBytes)]);
                return;
            case "empty":
                bytes = [];
                break;
            case "header":
                new Random(1).NextBytes(bytes.AsSpan(0, 200));
                break;
            case "truncated":
                bytes = bytes[..(bytes.Length / 2)];
                break;
            case "page":
                new Random(2).NextBytes(bytes.AsSpan(5 * DatabaseStream.PageBytes, DatabaseStream.PageBytes));
                break;
            case "zeros":
                bytes.AsSpan(3 * DatabaseStream.PageBytes).Clear();
                break;
            case "text":
                // One letter of the document, which LiteDB cannot detect.
                int at = bytes.AsSpan().IndexOf("edited since"u8);
                Assert.True(at > 0, "The text was not found.");
                bytes[at] ^= 1;
                break;
        }

        File.WriteAllBytes(Database, bytes);
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, ContractJson.Options);
}
