using System.Diagnostics;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Index;
using LoraLab.Server.Storage.LiteDb;
using LoraLab.Server.Storage.Records;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Storage;

/// <summary>
/// The files beside the database: written after the commit and before the response, without blocking other transactions, and completed at
/// the next start after a crash.
/// </summary>
public sealed class RecordTests : IDisposable
{
    private const string ExperimentId = "2bz4ktn8zz";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();

    private string Data => Path.Combine(_folder.Path, "data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Transact_RecordThatTakesTime_HoldsNobodyElseUpAndIsWaitedFor()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no pipes with a name in a folder.");
        }

        TemporaryName.IsPredictable.Value = true;
        using StoreOnDisk disk = new(_folder.Path);
        disk.Put("aaaa");
        disk.Put("bbbb");
        // A pipe in place of the file: its writer blocks until there is a reader.
        string pipe = Path.Combine(disk.Paths.RunDirectory("aaaa"), "run.json.tmp");
        using (Process make = Process.Start("mkfifo", [pipe]))
        {
            await make.WaitForExitAsync();
        }

        File.Delete(Path.Combine(disk.Paths.RunDirectory("bbbb"), RunRecords.Record));
        Task slow = Task.Run(() => Rename(disk, "aaaa", "slow"));
        await UntilAsync(() => disk.Store.Find("aaaa")!.Document.Name == "slow");

        // The lock is free, and changes that need no file do not wait.
        await Task.Run(() => disk.AddPoints("bbbb", [new MetricPoint(MetricKeys.TrainLoss, 1, 1)])).WaitAsync(_patience);
        Task renamed = Task.Run(() => Rename(disk, "bbbb", "renamed"));
        await UntilAsync(() => disk.Store.Find("bbbb")!.Document.Name == "renamed");
        Task removed = Task.Run(() => disk.Store.Transact(StoreScope.Run("bbbb"), transaction => transaction.Remove("bbbb")));
        await UntilAsync(() => disk.Store.Find("bbbb") is null);
        await Task.Delay(100);
        Assert.False(slow.IsCompleted || renamed.IsCompleted || removed.IsCompleted, "It returned before it was in the files.");

        await LetThroughAsync(pipe);

        await Task.WhenAll(slow, renamed, removed).WaitAsync(_patience);
        Assert.False(
            File.Exists(Path.Combine(disk.Paths.RunDirectory("bbbb"), RunRecords.Record)), "A removed run was written after its removal.");
    }

    [Fact]
    public async Task SetPaused_TakenBackWhileTheFileIsWritten_FileSaysTheLast()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no pipes with a name in a folder.");
        }

        TemporaryName.IsPredictable.Value = true;
        using StoreOnDisk disk = new(_folder.Path);
        disk.Put("aaaa");
        string pipe = Path.Combine(Data, "store.json.tmp");
        using (Process make = Process.Start("mkfifo", [pipe]))
        {
            await make.WaitForExitAsync();
        }

        Task paused = Task.Run(() => disk.Store.Transact(StoreScope.Queue, transaction => transaction.SetPaused(true)));
        await UntilAsync(() => disk.Store.Paused);
        await Task.Delay(100);
        Task resumed = Task.Run(() => disk.Store.Transact(StoreScope.Queue, transaction => transaction.SetPaused(false)));
        await UntilAsync(() => !disk.Store.Paused);
        await LetThroughAsync(pipe);

        await Task.WhenAll(paused, resumed).WaitAsync(_patience);
        using JsonDocument stateFile = JsonDocument.Parse(File.ReadAllText(Path.Combine(Data, "store.json")));
        Assert.False(stateFile.RootElement.GetProperty("paused").GetBoolean(), "The queue would be paused after the database is lost.");
    }

    [Fact]
    public void Start_CommittedButNotInTheFiles_FilesSaySo()
    {
        TemporaryName.IsPredictable.Value = true;
        using (StoreOnDisk disk = new(_folder.Path))
        {
            disk.Put("aaaa");
            // The file writes fail, as if a crash happened at this moment.
            string[] obstacles = [.. new[]
            {
                "runs/aaaa/run.json",
                "runs/aaaa/submission.json",
                $"plans/{ExperimentId}.json",
                $"plans/{ExperimentId}.submission.json",
                "store.json",
            }.Select(file => Path.Combine(Data, file + ".tmp"))];
            Array.ForEach(obstacles, obstacle => Directory.CreateDirectory(Path.Combine(obstacle, "in the way")));
            ChangeEverything(disk);
            Assert.Equal("aaaa", disk.Records.Read("aaaa")!.Document.Name);
            Assert.True(disk.Records.HasUnwritten && disk.ExperimentRecords.HasUnwritten);
            Array.ForEach(obstacles, obstacle => Directory.Delete(obstacle, recursive: true));
        }

        new StoreOnDisk(_folder.Path).Dispose();
        File.Delete(Path.Combine(Data, "loralab.db"));
        File.Delete(DatabaseFile.LogOf(Path.Combine(Data, "loralab.db")));
        using StoreOnDisk again = new(_folder.Path);

        AssertChanged(again);
    }

    [Fact]
    public void RetryRecords_DiskThatRecovered_FilesAgreeWithTheDatabase()
    {
        TemporaryName.IsPredictable.Value = true;
        using StoreOnDisk disk = new(_folder.Path);
        disk.Put("aaaa");
        string obstacle = Path.Combine(disk.Paths.RunDirectory("aaaa"), "run.json.tmp", "in the way");
        Directory.CreateDirectory(obstacle);
        Rename(disk, "aaaa", "renamed");
        Assert.True(disk.Records.HasUnwritten);

        disk.Store.RetryRecords();
        Assert.True(disk.Records.HasUnwritten, "It is remembered as long as writes fail.");
        Directory.Delete(Path.GetDirectoryName(obstacle)!, recursive: true);
        disk.Store.RetryRecords();

        Assert.False(disk.Records.HasUnwritten);
        Assert.True(disk.Records.IsCurrent(disk.Store.Find("aaaa")!));
    }

    [Fact]
    public void Transact_ManyEventsAtOnce_NumbersAreCoveredBeforeTheyAreGivenOut()
    {
        using StoreOnDisk disk = new(_folder.Path);
        disk.Emit("aaaa", 11_000);

        using JsonDocument stateFile = JsonDocument.Parse(File.ReadAllText(Path.Combine(Data, "store.json")));
        Assert.Equal(11_000, disk.Store.Seq);
        Assert.True(stateFile.RootElement.GetProperty("seqBelow").GetInt64() > 11_000);
        Assert.Equal(11_000, disk.Sink.Seqs.Distinct().Count());
    }

    [Fact]
    public void Transact_NumbersThatCannotBeCovered_IsRefusedAndLeavesNothing()
    {
        TemporaryName.IsPredictable.Value = true;
        using StoreOnDisk disk = new(_folder.Path);
        disk.Emit("aaaa", 1);
        string obstacle = Path.Combine(Data, "store.json.tmp", "in the way");
        Directory.CreateDirectory(obstacle);

        Assert.ThrowsAny<Exception>(() => disk.Emit("aaaa", 11_000));
        Assert.Equal(1, disk.Store.Seq);
        Directory.Delete(Path.GetDirectoryName(obstacle)!, recursive: true);
        disk.Emit("aaaa", 11_000);

        Assert.Equal(11_001, disk.Store.Seq);
    }

    [Fact]
    public void Batch_SeveralTransactions_HasEachDocumentOnceAsItIsLast()
    {
        StoredRun first = StoreOnDisk.Run("aaaa");
        StoredRun second = first with { Document = first.Document with { Name = "second" } };
        StoreView empty = new(RunIndex.Create([]), [], Paused: false);
        ViewTransaction one = new(empty, StoreScope.Everything, first.Document.CreatedAt, NoSeries.Instance);
        one.Put(first);
        one.PutResponse(new StoredResponse("key", "hash", "aaaa", "{}", first.Document.CreatedAt));
        ViewTransaction two = new(one.Result, StoreScope.Everything, first.Document.CreatedAt, NoSeries.Instance);
        two.Put(second);
        ViewTransaction three = new(two.Result, StoreScope.Everything, first.Document.CreatedAt, NoSeries.Instance);
        three.Remove("aaaa");

        RecordBatch batch = new();
        batch.Add(one.Changed, empty.Find, one.ChangedExperiments, one.Responses);
        batch.Add(two.Changed, one.Result.Find, two.ChangedExperiments, two.Responses);
        Assert.Equal(("second", 1), (Assert.Single(batch.Runs).Value.Document.Name, batch.Responses.Count));
        batch.Add(three.Changed, two.Result.Find, three.ChangedExperiments, three.Responses);

        Assert.Equal((0, 0), (batch.Runs.Count, batch.Responses.Count));
    }

    [Theory]
    [InlineData(RunState.Queued, true, true)]
    [InlineData(RunState.Queued, false, true)]
    [InlineData(RunState.Completed, true, true)]
    [InlineData(RunState.Running, true, false)]
    public void Start_DeletionThatWasBegun_IsFinishedUnlessTheRunHadBegun(RunState state, bool known, bool goes)
    {
        using (StoreOnDisk disk = new(_folder.Path))
        {
            StoredRun run = StoreOnDisk.Run("aaaa");
            RunDocument begun = RunStateMachine.Claim(run.Document, "cpu", run.Document.CreatedAt);
            RunDocument document = state switch
            {
                RunState.Running => RunStateMachine.Begin(begun),
                RunState.Completed => RunStateMachine.End(begun, EndReason.Finished, null, run.Document.CreatedAt),
                _ => run.Document,
            };
            disk.Store.Transact(StoreScope.Everything, transaction => transaction.Put(run with { Document = document }));
            disk.Deletions.Begin("aaaa");
            if (!known)
            {
                disk.Store.Transact(StoreScope.Run("aaaa"), transaction => transaction.Remove("aaaa"));
            }
        }

        using StoreOnDisk again = new(_folder.Path);

        Assert.Equal((!goes, !goes), (again.Store.Find("aaaa") is not null, Directory.Exists(again.Paths.RunDirectory("aaaa"))));
        Assert.Empty(Directory.GetFileSystemEntries(again.Paths.RunsDirectory, "*.delet*"));
    }

    [Fact]
    public void Finish_WhileFilesOfRunsAreRemoved_WaitsForIt()
    {
        using StoreOnDisk disk = new(_folder.Path);
        disk.Put("aaaa");
        disk.Store.Transact(StoreScope.Run("aaaa"), transaction => transaction.Remove("aaaa"));
        Thread finish = new(() => disk.Deletions.Finish("aaaa"));
        using (disk.Folders.AcquireLock())
        {
            finish.Start();
            SpinWait.SpinUntil(() => finish.ThreadState.HasFlag(System.Threading.ThreadState.WaitSleepJoin) || !finish.IsAlive, _patience);
            Assert.True(Directory.Exists(disk.Paths.RunDirectory("aaaa")), "The files were removed while another removal was in progress.");
        }

        finish.Join();
        Assert.False(Directory.Exists(disk.Paths.RunDirectory("aaaa")));
    }

    /// <summary>Reads from a pipe to unblock its writer. Not with a .NET stream, which would lock the file, as the writer does.</summary>
    private static async Task LetThroughAsync(string pipe)
    {
        using Process reader = Process.Start(new ProcessStartInfo("cat", [pipe]) { RedirectStandardOutput = true })!;
        await reader.StandardOutput.ReadToEndAsync().WaitAsync(_patience);
        await reader.WaitForExitAsync().WaitAsync(_patience);
    }

    private static void Rename(StoreOnDisk disk, string id, string name) => disk.Store.Transact(StoreScope.Run(id), transaction =>
    {
        StoredRun run = transaction.Find(id)!;
        transaction.Put(run with { Document = run.Document with { Name = name } });
    });

    private static void ChangeEverything(StoreOnDisk disk)
    {
        JsonElement content = JsonSerializer.SerializeToElement(new { notes = "a study" }, ContractJson.Options);
        Rename(disk, "aaaa", "renamed");
        disk.Store.Transact(StoreScope.Experiment(ExperimentId) + StoreScope.Queue, transaction =>
        {
            transaction.PutExperiment(
                new StoredExperiment { Id = ExperimentId, Kind = ExperimentKind.Study, Name = "a study", Content = content });
            transaction.PutResponse(new StoredResponse("plan", "hash", ExperimentId, "{}", transaction.Now, ForExperiment: true));
            transaction.PutResponse(new StoredResponse("run", "hash", "aaaa", "{}", transaction.Now));
            transaction.SetPaused(true);
        });
    }

    private static void AssertChanged(StoreOnDisk disk)
    {
        Assert.Equal(("renamed", "a study"), (disk.Store.Find("aaaa")!.Document.Name, disk.Store.FindExperiment(ExperimentId)?.Name));
        Assert.Equal((ExperimentId, "aaaa"), (disk.Store.FindResponse("plan")?.CreatedId, disk.Store.FindResponse("run")?.CreatedId));
        Assert.True(disk.Store.Paused);
    }

    private static async Task UntilAsync(Func<bool> happened)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!happened())
        {
            Assert.True(waited.Elapsed < _patience, "The condition was not met in time.");
            await Task.Delay(10);
        }
    }
}
