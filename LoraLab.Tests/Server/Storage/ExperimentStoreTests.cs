using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.LiteDb;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Storage;

/// <summary>
/// Studies and sweeps in the store: written together with their runs or not at all, and rebuilt whatever happens to the database.
/// </summary>
public sealed class ExperimentStoreTests : IDisposable
{
    private const string ExperimentId = "2bz4ktn8ab";
    private const string RunId = "2bz4ktn8ac";

    private readonly TemporaryFolder _folder = new();

    private string Database => Path.Combine(_folder.Path, "data", "loralab.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Transact_ThatThrows_LeavesNeitherExperimentNorRun()
    {
        using StoreOnDisk disk = new(_folder.Path);

        Assert.Throws<InvalidOperationException>(() => disk.Store.Transact<bool>(StoreScope.Everything, transaction =>
        {
            Put(transaction);
            throw new InvalidOperationException("half-way");
        }));

        Assert.Empty(disk.Store.ListExperiments());
        Assert.Empty(disk.RunIds);
        Assert.Empty(disk.ExperimentRecords.Ids);
    }

    [Fact]
    public void Open_AfterARestart_HasExperimentRunAndResponse()
    {
        string plan = Fill();

        using StoreOnDisk again = new(_folder.Path);

        Assert.Equal(plan, Json(again.Store.FindExperiment(ExperimentId)));
        Assert.Equal((ExperimentId, "key-1"), (again.Store.Find(RunId)?.Document.StudyId, again.Store.Find(RunId)?.ExperimentKey));
        Assert.Equal(ExperimentId, again.Store.FindResponse("once")?.CreatedId);
        Assert.False(Directory.Exists(again.Paths.RunDirectory(ExperimentId)), "An experiment has no run directory.");
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("text")]
    public void Open_DamagedDatabase_HasExperimentRunAndResponseFromTheirFiles(string damage)
    {
        string plan = Fill();
        byte[] bytes = File.ReadAllBytes(Database);
        File.Delete(DatabaseFile.LogOf(Database));
        File.Delete(Database);
        if (damage == "text")
        {
            int at = bytes.AsSpan().IndexOf("a study's secret"u8);
            Assert.True(at > 0, "The text was not found.");
            bytes[at] ^= 1;
            File.WriteAllBytes(Database, bytes);
        }

        using StoreOnDisk again = new(_folder.Path);

        Assert.Equal(plan, Json(again.Store.FindExperiment(ExperimentId)));
        Assert.Equal((ExperimentId, "key-1"), (again.Store.Find(RunId)?.Document.StudyId, again.Store.Find(RunId)?.ExperimentKey));
        Assert.Equal(ExperimentId, again.Store.FindResponse("once")?.CreatedId);
        Assert.Equal(damage == "text", again.Log.Lines.Count > 0);
    }

    [Fact]
    public void Open_ExperimentWhoseFileIsMissingOrTruncated_WritesIt()
    {
        string plan = Fill();
        string file = Path.Combine(_folder.Path, "data", "plans", ExperimentId + ".json");
        string whole = File.ReadAllText(file);
        File.WriteAllText(file, whole[..20]);

        new StoreOnDisk(_folder.Path).Dispose();

        Assert.Equal(whole, File.ReadAllText(file));
        Assert.Equal(plan, Json(JsonSerializer.Deserialize<StoredExperiment>(whole, ContractJson.Options)));
    }

    [Fact]
    public void Open_FileThatIsNoExperiment_IsLeftAndBlocksNothing()
    {
        string plan = Fill();
        File.Delete(Database);
        _folder.Write("data/plans/2bz4ktn8zz.json", "null");

        using StoreOnDisk again = new(_folder.Path);

        Assert.Equal(plan, Json(Assert.Single(again.Store.ListExperiments())));
        Assert.True(File.Exists(Path.Combine(_folder.Path, "data", "plans", "2bz4ktn8zz.json")));
    }

    [Fact]
    public void RemoveExperiment_CommittedOrNotBeforeACrash_IsNotRebuiltButNeverLostOtherwise()
    {
        string plan = Fill();
        string marker = Path.Combine(_folder.Path, "data", "plans", ExperimentId + ".deleting");
        string file = Path.ChangeExtension(marker, ".json");
        // The server ended after it had written the marker, before the commit.
        File.WriteAllText(marker, "");
        using (StoreOnDisk begun = new(_folder.Path))
        {
            Assert.Equal(plan, Json(begun.Store.FindExperiment(ExperimentId)));
            Assert.False(File.Exists(marker));
            string text = File.ReadAllText(file);
            begun.Store.Transact(StoreScope.Experiment(ExperimentId), transaction => transaction.RemoveExperiment(ExperimentId));
            Assert.False(File.Exists(file));
            LiveEvent last = begun.Store.ReadEvents(0).Events[^1];
            Assert.True(last.Data.Deserialize<ExperimentNotice>(ContractJson.Options)!.Deleted);
            // The server ended after the commit, before the files were deleted.
            File.WriteAllText(file, text);
            File.WriteAllText(marker, "");
        }

        using StoreOnDisk again = new(_folder.Path);

        Assert.Empty(again.Store.ListExperiments());
        Assert.Equal((false, false), (File.Exists(file), File.Exists(marker)));
    }

    [Fact]
    public void PutExperiment_EmitsToTheTopicsOfItsKindAndItsOwn()
    {
        using StoreOnDisk disk = new(_folder.Path);
        disk.Store.Transact(StoreScope.Experiment(ExperimentId) + StoreScope.Queue, Put);

        LiveEvent told = Assert.Single(disk.Store.ReadEvents(0).Events, live => live.Type == LiveEventTypes.ExperimentChanged);

        Assert.Equal(
            new ExperimentNotice(ExperimentKind.Study, ExperimentId, "a study", false),
            told.Data.Deserialize<ExperimentNotice>(ContractJson.Options));
        string[] topics =
        [
            LiveHub.Studies, LiveHub.Study(ExperimentId), LiveHub.Study("other"), LiveHub.Sweeps, LiveHub.Sweep(ExperimentId), LiveHub.Runs,
            LiveHub.Run(ExperimentId),
        ];
        Assert.All(topics, topic => Assert.True(LiveTopics.IsKnown(topic)));
        Assert.Equal(topics[..2], topics.Where(topic => LiveTopics.Carries(topic, told)));
        Assert.False(LiveTopics.IsKnown("study:a:logs"));
    }

    private string Fill()
    {
        using StoreOnDisk disk = new(_folder.Path);
        disk.Store.Transact(StoreScope.Experiment(ExperimentId) + StoreScope.Queue, transaction =>
        {
            Put(transaction);
            transaction.PutResponse(new StoredResponse("once", "hash", ExperimentId, "{}", transaction.Now, ForExperiment: true));
        });
        return Json(disk.Store.FindExperiment(ExperimentId));
    }

    private static void Put(IStoreTransaction transaction)
    {
        StoredRun run = StoreOnDisk.Run(RunId);
        transaction.PutExperiment(new StoredExperiment
        {
            Id = ExperimentId,
            Kind = ExperimentKind.Study,
            Name = "a study",
            CreatedAt = transaction.Now,
            Content = JsonSerializer.SerializeToElement(new { notes = "a study's secret" }, ContractJson.Options),
        });
        transaction.Put(run with
        {
            Document = run.Document with { CreatedAt = transaction.Now, StudyId = ExperimentId, State = RunState.Queued },
            ExperimentKey = "key-1",
        });
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, ContractJson.Options);
}
