using System.Text.Json;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Runs.Artifacts;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Storage.RunDirectories;
using LoraLab.Server.Workers;
using LoraLab.Tests.Server.Storage;
using LoraLab.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace LoraLab.Tests.Server.Runs.Artifacts;

/// <summary>Files that the configured retention removes, and files that it never removes.</summary>
public sealed class RetentionTests : IDisposable
{
    private const string Owner = "2bz4ktn800";
    private const string Resumable = "Stopped. Resume it to continue from the checkpoint at step 4.";

    private readonly TemporaryFolder _folder = new();
    private readonly AgeingClock _clock = new();
    private readonly StoreOnDisk _disk;

    public RetentionTests() => _disk = new(_folder.Path, _clock);

    public void Dispose()
    {
        _disk.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(RunState.Completed, 3.1, true)]
    [InlineData(RunState.Failed, 3.1, true)]
    [InlineData(RunState.Completed, 2.9, false)]
    [InlineData(RunState.Interrupted, 30, false)]
    public void Sweep_AgeAndState_DecideOnCheckpoints(RunState state, double days, bool goes)
    {
        Add("2bz4ktn8aa", state);
        RetentionSweep sweep = Sweep(new RetentionOptions { CheckpointDays = 3 });
        _clock.Age(TimeSpan.FromDays(days));

        sweep.Sweep();

        Assert.Equal(!goes, File.Exists(Path.Combine(_disk.Paths.RunDirectory("2bz4ktn8aa"), "checkpoints/step-00000004/state.json")));
        Assert.Equal(
            goes ? [(ArtifactKind.Checkpoint, true)] : [],
            _disk.Store.Find("2bz4ktn8aa")!.Document.Pruned.Select(item => (item.Kind, item.ByRetention)));
        Assert.True(File.Exists(Path.Combine(_disk.Paths.RunDirectory("2bz4ktn8aa"), "predictions/step-000002.csv")));
        Assert.True(File.Exists(Path.Combine(_disk.Paths.RunDirectory("2bz4ktn8aa"), "adapter/adapter_config.json")));
    }

    [Fact]
    public void Sweep_ClockWasSet_RemovesNothing()
    {
        Add("2bz4ktn8aa", RunState.Completed);
        RetentionSweep sweep = Sweep(new RetentionOptions { CheckpointDays = 3, PredictionDays = 3 });
        _clock.Leap(TimeSpan.FromDays(400));

        sweep.Sweep();

        Assert.Empty(_disk.Store.Find("2bz4ktn8aa")!.Document.Pruned);
    }

    [Theory]
    [InlineData(true, ExperimentKind.Sweep, false, true)]
    [InlineData(false, ExperimentKind.Sweep, false, false)]
    [InlineData(true, ExperimentKind.Study, false, false)]
    [InlineData(true, ExperimentKind.Sweep, true, false)]
    public void IntermediateFiles_OfAnEndedSweep_GoUnlessKept(bool ended, ExperimentKind kind, bool keep, bool goes)
    {
        string[] ids = ["2bz4ktn8aa", "2bz4ktn8ab", "2bz4ktn8ac", "2bz4ktn8ad"];
        Add(ids[0], RunState.Completed);
        Add(ids[1], RunState.Cancelled, EndReason.Pruned);
        Add(ids[2], RunState.Cancelled, EndReason.Cancelled);
        Add(ids[3], RunState.Completed, owned: false);
        StoredExperiment experiment = new()
        {
            Id = Owner,
            Kind = kind,
            Name = "search",
            Ended = ended,
            Content = JsonSerializer.SerializeToElement(new { }),
        };
        _disk.Store.Transact(StoreScope.Everything, transaction => transaction.PutExperiment(experiment));
        RetentionOptions retention = new() { KeepCompletedCheckpoints = keep };

        new IntermediateFiles(
            _disk.Store,
            Pruning(),
            Options.Create(new LoraLabOptions { Retention = retention }),
            NullLogger<IntermediateFiles>.Instance).Remove(experiment);

        Assert.Equal(
            ids.Select((_, i) => !(goes && i < 2)),
            ids.Select(id => File.Exists(Path.Combine(_disk.Paths.RunDirectory(id), "checkpoints/step-00000004/state.json"))));
        Assert.Equal(
            ids.Select((_, i) => !(goes && i < 2)),
            ids.Select(id => File.Exists(Path.Combine(_disk.Paths.RunDirectory(id), "predictions/step-000002.csv"))));
        Assert.All(ids, id =>
        {
            Assert.True(File.Exists(Path.Combine(_disk.Paths.RunDirectory(id), "predictions/step-000000.csv")));
            Assert.True(File.Exists(Path.Combine(_disk.Paths.RunDirectory(id), "predictions/step-000004.csv")));
            Assert.True(File.Exists(Path.Combine(_disk.Paths.RunDirectory(id), "adapter/adapter_config.json")));
        });
        Assert.Equal(
            goes ? "Stopped. Its checkpoints were removed: if resumed, it starts over." : Resumable,
            _disk.Store.Find(ids[1])!.Document.Error);
        Assert.Equal(goes ? 2 : 0, _disk.Store.Find(ids[1])!.Document.Pruned.Count(files => files.ByRetention));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Completed_KeepsCheckpointsAndTheBestAdapterAsConfigured(bool checkpoints, bool best)
    {
        const string Id = "2bz4ktn8aa";
        Add(Id, RunState.Completed);
        _folder.Write($"data/runs/{Id}/adapter-best/adapter_config.json", "content");
        RetentionOptions retention = new() { KeepCompletedCheckpoints = checkpoints, KeepBestAdapters = best };
        ArtifactFiles files = new(_disk.Paths);
        CompletedCheckpoints completed = new(
            files,
            new ArtifactRemoval(files, NullLogger<ArtifactRemoval>.Instance),
            new RunDirectoryLocks(),
            Options.Create(new LoraLabOptions { Retention = retention }),
            NullLogger<CompletedCheckpoints>.Instance);

        completed.Remove(Id, completed.Find(Id));

        Assert.Equal(
            (checkpoints, best, true, true),
            (Exists("checkpoints/step-00000004/state.json"), Exists("adapter-best/adapter_config.json"),
                Exists("adapter/adapter_config.json"), Exists("predictions/step-000004.csv")));

        bool Exists(string name) => File.Exists(Path.Combine(_disk.Paths.RunDirectory(Id), name));
    }

    private ArtifactPruning Pruning()
    {
        ArtifactFiles files = new(_disk.Paths);
        return new(
            _disk.Store, files, new ArtifactRemoval(files, NullLogger<ArtifactRemoval>.Instance), new RunDirectoryLocks());
    }

    private RetentionSweep Sweep(RetentionOptions retention)
    {
        IOptions<LoraLabOptions> options = Options.Create(new LoraLabOptions { Retention = retention });
        return new(
            _disk.Store,
            Pruning(),
            new SingleNode(_disk.Store, options, _clock),
            options,
            _clock,
            NullLogger<RetentionSweep>.Instance);
    }

    private void Add(string id, RunState state, EndReason? reason = null, bool owned = true)
    {
        foreach (string name in (string[])
        [
            "checkpoints/step-00000004/state.json",
            "predictions/step-000000.csv",
            "predictions/step-000002.csv",
            "predictions/step-000004.csv",
            "adapter/adapter_config.json",
        ])
        {
            _folder.Write($"data/runs/{id}/{name}", "content");
        }

        StoredRun run = new()
        {
            Document = StoreOnDisk.Run(id).Document with
            {
                State = state,
                EndReason = reason
                    ?? state switch { RunState.Completed => EndReason.Finished, RunState.Failed => EndReason.WorkerLost, _ => null },
                Error = state is RunState.Failed or RunState.Cancelled ? Resumable : null,
                SweepId = owned ? Owner : null,
                EndedAt = _clock.GetUtcNow(),
                Attempts = [new RunAttempt { Number = 1, EndedAt = _clock.GetUtcNow() }],
            },
            ExperimentKey = owned ? id : null,
        };
        _disk.Store.Transact(StoreScope.Queue, transaction => transaction.Put(run));
    }

    /// <summary>A clock that a test advances or sets.</summary>
    private sealed class AgeingClock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => _now;

        public override long GetTimestamp() => _ticks;

        public void Age(TimeSpan span)
        {
            _now += span;
            _ticks += span.Ticks;
        }

        public void Leap(TimeSpan span) => _now += span;
    }
}
