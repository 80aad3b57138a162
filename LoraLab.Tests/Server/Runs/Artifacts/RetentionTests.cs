using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Runs.Artifacts;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;
using LoraLab.Tests.Server.Storage;
using LoraLab.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace LoraLab.Tests.Server.Runs.Artifacts;

/// <summary>Files that the configured retention removes, and files that it never removes.</summary>
public sealed class RetentionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly AgeingClock clock = new();
    private readonly StoreOnDisk disk;

    public RetentionTests() => disk = new(folder.Path, clock);

    public void Dispose()
    {
        disk.Dispose();
        folder.Dispose();
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
        clock.Age(TimeSpan.FromDays(days));

        sweep.Sweep();

        Assert.Equal(!goes, File.Exists(Path.Combine(disk.Paths.RunDirectory("2bz4ktn8aa"), "checkpoints/step-00000004/state.json")));
        Assert.Equal(goes ? [(ArtifactKind.Checkpoint, true)] : [], disk.Store.Find("2bz4ktn8aa")!.Document.Pruned.Select(item => (item.Kind, item.ByRetention)));
        Assert.True(File.Exists(Path.Combine(disk.Paths.RunDirectory("2bz4ktn8aa"), "predictions/step-000002.csv")));
        Assert.True(File.Exists(Path.Combine(disk.Paths.RunDirectory("2bz4ktn8aa"), "adapter/adapter_config.json")));
    }

    [Fact]
    public void Sweep_ClockWasSet_RemovesNothing()
    {
        Add("2bz4ktn8aa", RunState.Completed);
        RetentionSweep sweep = Sweep(new RetentionOptions { CheckpointDays = 3, PredictionDays = 3 });
        clock.Leap(TimeSpan.FromDays(400));

        sweep.Sweep();

        Assert.Empty(disk.Store.Find("2bz4ktn8aa")!.Document.Pruned);
    }

    private RetentionSweep Sweep(RetentionOptions retention) => new(
        disk.Store,
        new ArtifactPruning(disk.Store, new ArtifactFiles(disk.Paths), new RunDirectoryLocks(), NullLogger<ArtifactPruning>.Instance),
        Options.Create(new LoraLabOptions { Retention = retention }),
        clock,
        NullLogger<RetentionSweep>.Instance);

    private void Add(string id, RunState state)
    {
        foreach (string name in (string[])["checkpoints/step-00000004/state.json", "predictions/step-000000.csv", "predictions/step-000002.csv", "predictions/step-000004.csv", "adapter/adapter_config.json"])
        {
            folder.Write($"data/runs/{id}/{name}", "content");
        }

        StoredRun run = new()
        {
            Document = StoreOnDisk.Run(id).Document with
            {
                State = state,
                EndReason = state switch { RunState.Completed => EndReason.Finished, RunState.Failed => EndReason.WorkerLost, _ => null },
                Error = state == RunState.Failed ? "Lost; resume the run." : null,
                EndedAt = clock.GetUtcNow(),
                Attempts = [new RunAttempt { Number = 1, EndedAt = clock.GetUtcNow() }],
            },
        };
        disk.Store.Transact(StoreScope.Queue, transaction => transaction.Put(run));
    }

    /// <summary>A clock that a test advances or sets.</summary>
    private sealed class AgeingClock : TimeProvider
    {
        private DateTimeOffset now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
        private long ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => now;

        public override long GetTimestamp() => ticks;

        public void Age(TimeSpan span)
        {
            now += span;
            ticks += span.Ticks;
        }

        public void Leap(TimeSpan span) => now += span;
    }
}
