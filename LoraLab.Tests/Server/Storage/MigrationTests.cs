using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using LiteDB;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.LiteDb;
using LoraLab.Tests.Support;
using Xunit;
using JsonSerializer = System.Text.Json.JsonSerializer;

namespace LoraLab.Tests.Server.Storage;

/// <summary><c>Assets/schema-N.zip</c>: a database written by a server of that schema version, and its API's responses.</summary>
public sealed class MigrationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string DataDirectory => Path.Combine(_folder.Path, "data");

    public static TheoryData<int> EarlierSchemas => [.. Enumerable.Range(1, SchemaMigrations.Current - 1)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(EarlierSchemas))]
    public void Start_DatabaseOfAnEarlierSchema_ShowsWhatItShowedAndKeepsACopy(int schema)
    {
        Unpack(schema);
        byte[] before = File.ReadAllBytes(Path.Combine(DataDirectory, "loralab.db"));

        using (StoreOnDisk disk = new(_folder.Path))
        {
            RunDocument[] told = JsonNode.Parse(File.ReadAllText(Path.Combine(DataDirectory, "runs.json")))!["items"]
                .Deserialize<RunDocument[]>(ContractJson.Options)!;
            Assert.Equal(3, told.Length);
            Assert.All(told, run =>
            {
                Assert.Equal(Json(run with { QueuePosition = null }), Json(disk.Store.Find(run.Id)!.Document));
                RunMetrics metrics = JsonSerializer.Deserialize<RunMetrics>(
                    File.ReadAllText(Path.Combine(DataDirectory, $"metrics-{run.Id}.json")), ContractJson.Options)!;
                Assert.Equal(Sorted(metrics.Series), Sorted(disk.Store.ReadSeries(run.Id, null)));
                Assert.Empty(RunInvariants.Violations(run));
            });
            Assert.NotNull(disk.Store.FindResponse("first"));
            Assert.True(disk.Store.Paused);
        }

        string backup = Assert.Single(Directory.GetFiles(DataDirectory, $"loralab.db.schema-{schema}-*.backup"));
        Assert.Equal(before, File.ReadAllBytes(backup));
        Assert.Empty(Directory.GetFiles(DataDirectory, "*.damaged-*"));

        // Again: nothing left to migrate, and no further backup.
        new StoreOnDisk(_folder.Path).Dispose();
        Assert.Single(Directory.GetFiles(DataDirectory, "*.backup"));
    }

    /// <summary>
    /// Two runs of a version that trained several together and had a field for it, which no longer exists: from the database, from the
    /// record, from the events alone.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_RunsThatTrainedTogether_ShowsThem(bool withDatabase)
    {
        Unpack("trained-together.zip");
        if (!withDatabase)
        {
            Array.ForEach(Directory.GetFiles(DataDirectory, "loralab*.db"), File.Delete);
            File.Delete(Path.Combine(DataDirectory, "runs", "2bz4ktn8ab", "run.json"));
        }

        await using ServerProcess server = await ServerProcess.StartAsync(new ServerSetup { DataDirectory = DataDirectory });
        RunApi api = new(server.Http);

        foreach ((string id, string method) in new[] { ("2bz4ktn8aa", "lora"), ("2bz4ktn8ab", "lora-xs") })
        {
            RunDocument run = await api.GetAsync(id);
            Assert.Equal(
                (RunState.Completed, EndReason.Finished, method, 0.5),
                (run.State, run.EndReason, run.Spec.Method, run.Summary[MetricKeys.EvalAccuracy]?.Last));
            Assert.Equal((null, null), (run.Summary.TrainSeconds, run.Summary.PeakMemoryMb));
            Assert.Equal([1, 2, 3, 4], (await api.MetricsAsync(id)).Series[MetricKeys.TrainLoss].X);
        }
    }

    [Fact]
    public void Start_ManyEarlierBackups_KeepsTheLatestThree()
    {
        Unpack(1);
        for (int i = 1; i <= 4; i++)
        {
            string old = _folder.Write($"data/loralab.db.schema-0-2024010{i}T000000Z.backup", "old");
            File.SetLastWriteTimeUtc(old, new DateTime(2024, 1, i, 0, 0, 0, DateTimeKind.Utc));
        }

        new StoreOnDisk(_folder.Path).Dispose();

        string[] kept = [.. Directory.GetFiles(DataDirectory, "*.backup").Select(Path.GetFileName).Order().OfType<string>()];
        Assert.Equal(3, kept.Length);
        Assert.Equal(["loralab.db.schema-0-20240103T000000Z.backup", "loralab.db.schema-0-20240104T000000Z.backup"], kept[..2]);
    }

    [Fact]
    public void Start_DatabaseOfANewerServer_IsOneSentenceAndTouchesNothing()
    {
        Unpack(1);
        string path = Path.Combine(DataDirectory, "loralab.db");
        using (LiteDatabase database = new(path))
        {
            database.GetCollection("meta").Upsert(new BsonDocument { ["_id"] = "schema", ["value"] = SchemaMigrations.Current + 1 });
        }

        byte[] before = File.ReadAllBytes(path);

        StartFailure failure = Assert.Throws<StartFailure>(() => new StoreOnDisk(_folder.Path));

        Assert.Contains("newer LoraLab", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Empty(Directory.GetFiles(DataDirectory, "*.damaged-*"));
    }

    private void Unpack(int schema) => Unpack(string.Create(CultureInfo.InvariantCulture, $"schema-{schema}.zip"));

    private void Unpack(string asset) =>
        ZipFile.ExtractToDirectory(
            Path.Combine(Fixtures.RepositoryRoot, "LoraLab.Tests", "Server", "Storage", "Assets", asset), DataDirectory);

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, ContractJson.Options);

    private static string Sorted(IReadOnlyDictionary<string, MetricSeries> series) =>
        Json(series.OrderBy(item => item.Key, StringComparer.Ordinal).ToDictionary(item => item.Key, item => item.Value));
}
