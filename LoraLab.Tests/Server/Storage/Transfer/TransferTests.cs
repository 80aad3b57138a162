using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Postgres;
using LoraLab.Server.Storage.Records;
using LoraLab.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Xunit;

namespace LoraLab.Tests.Server.Storage.Transfer;

/// <summary>A store moved from one place to another, by the server's commands.</summary>
public sealed class TransferTests : IDisposable
{
    private readonly TemporaryFolder _from = new();
    private readonly TemporaryFolder _to = new();
    private readonly TemporaryFolder _files = new();
    private readonly StorePlace.InPostgres _postgres = new();

    public void Dispose()
    {
        _from.Dispose();
        _to.Dispose();
        _files.Dispose();
        _postgres.Dispose();
    }

    [Fact]
    public async Task Store_FromLiteDbToPostgresAndBack_IsTheSame()
    {
        FilledStore.CreateIn(_from.Path);

        string exported = await OkAsync(InFolder(_from), "export", "--out", FileAt("1.gz"));
        Assert.Contains("run                2", exported, StringComparison.Ordinal);
        string imported = await OkAsync(InPostgres(), "import", "--from", FileAt("1.gz"));
        Assert.Contains("was read back from there with the same counts and hashes", imported, StringComparison.Ordinal);
        await OkAsync(InPostgres(), "export", "--out", FileAt("2.gz"));
        await OkAsync(InFolder(_to), "import", "--from", FileAt("2.gz"));
        await OkAsync(InFolder(_to), "backup", "--out", FileAt("3.gz"));

        Assert.Equal(StoreFile.Totals(FileAt("1.gz")), StoreFile.Totals(FileAt("2.gz")));
        Assert.Equal(StoreFile.Totals(FileAt("1.gz")), StoreFile.Totals(FileAt("3.gz")));
        using StoreOnDisk before = new(_from.Path);
        using OpenStore between = _postgres.Open();
        using StoreOnDisk after = new(_to.Path);
        AssertSame(before.Store, after.Store);
        AssertSame(before.Store, between.Store);
        StoredKey key = new KeyFile(after.Paths).Read().Single();
        Assert.Equal((FilledStore.Key, "owner"), (key.Name, key.CreatedBy));
    }

    [Fact]
    public async Task Events_AfterAnImport_GoOnBehindTheOldOnes()
    {
        FilledStore.CreateIn(_from.Path);
        await OkAsync(InFolder(_from), "export", "--out", FileAt("1.gz"));
        await OkAsync(InPostgres(), "import", "--from", FileAt("1.gz"));
        await OkAsync(InFolder(_to), "import", "--from", FileAt("1.gz"));

        using OpenStore postgres = _postgres.Open();
        using StoreOnDisk liteDb = new(_to.Path);
        foreach (OpenStore open in (OpenStore[])[postgres, liteDb])
        {
            long last = open.Store.Seq;
            open.Emit(FilledStore.First, 1);
            Assert.Equal(last + 1, open.Store.Seq);
            Assert.True(open.Store.ReadEvents(0).Complete);
            Assert.Equal(
                Enumerable.Range(1, (int)last + 1).Select(seq => (long)seq), open.Store.ReadEvents(0).Events.Select(live => live.Seq));
        }
    }

    [Fact]
    public async Task File_ThatIsDamaged_IsRefusedAndTheTargetStaysEmpty()
    {
        FilledStore.CreateIn(_from.Path);
        await OkAsync(InFolder(_from), "export", "--out", FileAt("1.gz"));
        foreach ((string damage, string sentence) in ((string, string)[])
        [
            ("cut", "is incomplete"),
            ("half", ""),
            ("value", "is damaged: its lines of kind \"run\""),
            ("missing", "is damaged: its lines of kind \"points\""),
            ("word", "is damaged at line 3"),
            ("version", "in version 9 of the format"),
            ("other", "is not a file of"),
            ("plain", "is damaged at line"),
            ("empty", "is empty or cut off"),
        ])
        {
            File.Copy(FileAt("1.gz"), FileAt(damage));
            Damage(FileAt(damage), damage);
            // What a store does with items that are taken back is the same for every damage.
            foreach (string[] target in damage is "cut" or "value" ? (string[][])[InPostgres(), InFolder(_to)] : [InFolder(_to)])
            {
                string output = await RefusedAsync(target, "import", "--from", FileAt(damage));
                Assert.Contains(sentence, output, StringComparison.Ordinal);
                Assert.Contains("Nothing was imported.", output, StringComparison.Ordinal);
            }

            Assert.False(File.Exists(Path.Combine(_to.Path, "data", "loralab.db")));
        }

        using OpenStore open = _postgres.Open();
        Assert.Equal((0, 0, 0L), (open.RunIds.Count(), open.Store.ListExperiments().Count, open.Store.Seq));
        Assert.Empty(Directory.GetFiles(Path.Combine(_to.Path, "data"), "*db*"));
    }

    [Fact]
    public async Task Target_ThatIsNotEmpty_IsRefused()
    {
        FilledStore.CreateIn(_from.Path);
        await OkAsync(InFolder(_from), "export", "--out", FileAt("1.gz"));
        await OkAsync(InPostgres(), "import", "--from", FileAt("1.gz"));

        Assert.Contains("is not empty", await RefusedAsync(InFolder(_from), "import", "--from", FileAt("1.gz")));
        Assert.Contains(
            "is not empty (it has runs, studies or sweeps, responses, API keys)",
            await RefusedAsync(InPostgres(), "import", "--from", FileAt("1.gz")));
        Assert.Contains("exists already", await RefusedAsync(InFolder(_from), "export", "--out", FileAt("1.gz")));
    }

    [Fact]
    public async Task Source_InUse_IsRefused_AndABackupOfPostgresIsNot()
    {
        FilledStore.CreateIn(_from.Path);
        await OkAsync(InFolder(_from), "export", "--out", FileAt("1.gz"));
        await OkAsync(InPostgres(), "import", "--from", FileAt("1.gz"));

        using StoreOnDisk liteDb = new(_from.Path);
        using PostgresDatabase database = new(new ConfigurationBuilder().AddInMemoryCollection(
            [new($"ConnectionStrings:{PostgresConnection.Name}", _postgres.Connection)]).Build());
        using NodeSession node = new(
            database, Options.Create(new LoraLabOptions { NodeName = "one" }), TimeProvider.System, NullLogger<NodeSession>.Instance);

        Assert.Contains("is using the data directory", await RefusedAsync(InFolder(_from), "export", "--out", FileAt("2.gz")));
        Assert.Contains(
            "A LoraLab server uses this PostgreSQL database", await RefusedAsync(InPostgres(), "export", "--out", FileAt("2.gz")));
        await OkAsync(InPostgres(), "backup", "--out", FileAt("2.gz"));
        Assert.Equal(StoreFile.Totals(FileAt("1.gz")), StoreFile.Totals(FileAt("2.gz")));
    }

    [Fact]
    public async Task Import_IntoAnotherDatabase_TakesTheSharedFolderAlong()
    {
        FilledStore.CreateIn(_from.Path);
        await OkAsync(InFolder(_from), "export", "--out", FileAt("1.gz"));
        Guid earlier = Guid.NewGuid();
        _to.Write("data/cluster", $"{earlier}\n");

        await OkAsync(InPostgres(), "import", "--from", FileAt("1.gz"));

        using NpgsqlDataSource database = NpgsqlDataSource.Create(_postgres.Connection);
        using NpgsqlCommand id = database.CreateCommand("select id from cluster where marked");
        Assert.Equal(earlier, id.ExecuteScalar());
    }

    [Fact]
    public async Task Source_OfAnotherVersion_IsNamedAndLeftAsItIs()
    {
        Assert.Contains("There is no database", await RefusedAsync(InFolder(_to), "export", "--out", FileAt("1.gz")));
        Assert.Contains("has no tables of LoraLab", await RefusedAsync(InPostgres(), "export", "--out", FileAt("1.gz")));
        using (OpenStore open = _postgres.Open())
        {
            Assert.Empty(open.RunIds);
        }

        await PostgresServer.ExecuteAsync(_postgres.Connection, "update versions set number = 1");
        Assert.Contains("has version 1 of LoraLab's tables", await RefusedAsync(InPostgres(), "export", "--out", FileAt("1.gz")));
        await PostgresServer.ExecuteAsync(_postgres.Connection, "update versions set number = 99");
        Assert.Contains("has version 99 of LoraLab's tables", await RefusedAsync(InPostgres(), "backup", "--out", FileAt("1.gz")));
        Assert.False(File.Exists(FileAt("1.gz")));
    }

    private static void AssertSame(IRunStore expected, IRunStore actual)
    {
        // PostgreSQL has no NUL in texts.
        static string Text(object? value) =>
            JsonSerializer.Serialize(value, ContractJson.Options).Replace("\\u0000", "\ufffd", StringComparison.Ordinal);

        Assert.Equal((expected.Seq, expected.Paused), (actual.Seq, actual.Paused));
        foreach (string id in (string[])[FilledStore.First, FilledStore.Second])
        {
            Assert.Equal(Text(expected.Find(id)!.Document), Text(actual.Find(id)!.Document));
            Assert.Equal(expected.Find(id)!.Position, actual.Find(id)!.Position);
            Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(expected.Find(id)!.Submitted["a"], actual.Find(id)!.Submitted["a"]));
            IReadOnlyDictionary<string, MetricSeries> series = expected.ReadSeries(id, null);
            Assert.NotEmpty(series);
            Assert.Equal(Text(series.OrderBy(one => one.Key)), Text(actual.ReadSeries(id, null).OrderBy(one => one.Key)));
            Assert.Equal(Text(expected.ReadSeries(id, null, attempt: 2)), Text(actual.ReadSeries(id, null, attempt: 2)));
        }

        Assert.Equal(FilledStore.Study, actual.FindExperiment(FilledStore.Study)!.Id);
        Assert.Equal(Text(expected.FindResponse("key 1")), Text(actual.FindResponse("key 1")));
        IReadOnlyList<LiveEvent> events = expected.ReadEvents(0).Events;
        Assert.Equal(events.Select(live => $"{live.Seq} {live.RunId} {live.Type}"),
            actual.ReadEvents(0).Events.Select(live => $"{live.Seq} {live.RunId} {live.Type}"));
        Assert.Equal(Text(events.Select(live => live.Data)), Text(actual.ReadEvents(0).Events.Select(live => live.Data)));
    }

    private static void Damage(string path, string damage)
    {
        List<string> lines = [.. StoreFile.Lines(path)];
        switch (damage)
        {
            case "cut":
                StoreFile.Write(path, lines.SkipLast(1));
                break;
            case "half":
                byte[] all = File.ReadAllBytes(path);
                File.WriteAllBytes(path, all[..(all.Length / 2)]);
                break;
            case "value":
                StoreFile.Write(path, lines.Select(line => line.Replace("\"priority\":-3", "\"priority\":-4", StringComparison.Ordinal)));
                break;
            case "missing":
                lines.Remove(lines.First(line => line.Contains("\"kind\":\"points\"", StringComparison.Ordinal)));
                StoreFile.Write(path, lines);
                break;
            case "word":
                lines[2] = lines[2][..(lines[2].Length / 2)];
                StoreFile.Write(path, lines);
                break;
            case "version":
                lines[0] = lines[0].Replace("\"version\":1", "\"version\":9", StringComparison.Ordinal);
                StoreFile.Write(path, lines);
                break;
            case "other":
                StoreFile.Write(path, ["{}"]);
                break;
            case "plain":
                File.WriteAllLines(path, lines);
                break;
            default:
                File.WriteAllText(path, "");
                break;
        }
    }

    private static async Task<string> OkAsync(string[] place, params string[] arguments)
    {
        (int code, string output) = await ServerInProcess.RunToEndAsync([.. arguments, .. place]);
        Assert.True(code == 0, output);
        return output;
    }

    private static async Task<string> RefusedAsync(string[] place, params string[] arguments)
    {
        (int code, string output) = await ServerInProcess.RunToEndAsync([.. arguments, .. place]);
        Assert.True(code == 1, output);
        Assert.Single(output.Trim().Split('\n'));
        return output;
    }

    private static string[] InFolder(TemporaryFolder folder) => ["--LoraLab:DataDirectory", Path.Combine(folder.Path, "data")];

    private string[] InPostgres() => [$"--ConnectionStrings:{PostgresConnection.Name}={_postgres.Connection}", .. InFolder(_to)];

    private string FileAt(string name) => Path.Combine(_files.Path, name);
}
