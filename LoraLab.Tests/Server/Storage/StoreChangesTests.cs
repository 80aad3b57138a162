using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using Xunit;

namespace LoraLab.Tests.Server.Storage;

/// <summary>The changes that wake studies and sweeps.</summary>
public abstract class StoreChangesTests : IDisposable
{
    private readonly StorePlace _place;
    private readonly OpenStore _disk;

    private protected StoreChangesTests(StorePlace place) => (_place, _disk) = (place, place.Open());

    public void Dispose()
    {
        _disk.Dispose();
        _place.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void IsMoreThanProgress_StepsAndProgress_AreNot()
    {
        StoredRun run = OpenStore.Run("a");
        Put(run with { Document = RunStateMachine.Begin(RunStateMachine.Claim(run.Document, "cpu", run.Document.CreatedAt)) });

        Assert.False(Heard(new ProgressMade { Number = 1, Step = 1, TotalSteps = 10, Phase = "training" }).IsMoreThanProgress);
        Assert.False(Heard(new MetricsRecorded
        {
            Number = 2,
            Steps = [1],
            Values = new Dictionary<string, double[]> { [MetricKeys.TrainLoss] = [0.5] },
        }).IsMoreThanProgress);
        Assert.True(Heard(new Evaluated
        {
            Number = 3,
            PredictionsFile = "none",
            Step = 1,
            Metrics = new Dictionary<string, double> { [MetricKeys.EvalAccuracy] = 0.5, [MetricKeys.EvalLoss] = 0.7 },
            Correct = 1,
            Rows = 2,
        }).IsMoreThanProgress);
        Assert.True(Heard(new CheckpointSaved { Number = 4, Step = 1 }).IsMoreThanProgress);
    }

    [Fact]
    public void IsMoreThanProgress_CreatedClaimedEndedDeleted_Are()
    {
        using ChangeListener listener = _disk.Changes.Subscribe(static _ => true);
        StoredRun run = OpenStore.Run("a");
        RunDocument claimed = RunStateMachine.Claim(run.Document, "cpu", run.Document.CreatedAt);
        Put(run);
        Put(run with { Document = claimed });
        Put(run with { Document = RunStateMachine.End(claimed, EndReason.Finished, null, run.Document.CreatedAt) });
        _disk.Store.Transact(StoreScope.Run("a"), transaction => transaction.Remove("a"));

        for (int i = 0; i < 4; i++)
        {
            Assert.True(listener.Changes.TryRead(out StoreChange? change));
            Assert.True(Assert.IsType<RunChanged>(change).IsMoreThanProgress, $"change {i}");
        }
    }

    [Fact]
    public void AffectsQueue_CreatedRenamedPrioritizedClaimedStartedDeleted_DoAndStepsDoNot()
    {
        StoredRun run = OpenStore.Run("a");
        using ChangeListener listener = _disk.Changes.Subscribe(static change => change is RunChanged { AffectsQueue: true });
        Put(run);
        run = run with { Document = run.Document with { Name = "another" } };
        Put(run);
        run = run with { Document = run.Document with { Priority = 3 } };
        Put(run);
        Put(run with { Document = run.Document with { Notes = "no matter" } });
        run = run with { Document = RunStateMachine.Claim(run.Document, "cpu", run.Document.CreatedAt) };
        Put(run);
        Put(run with { Document = RunStateMachine.Begin(run.Document) });
        Assert.False(Heard(new ProgressMade { Number = 1, Step = 1, TotalSteps = 10, Phase = "training" }).AffectsQueue);
        _disk.Store.Transact(StoreScope.Run("a"), transaction => transaction.Remove("a"));

        int heard = 0;
        while (listener.Changes.TryRead(out _))
        {
            heard++;
        }

        Assert.Equal(6, heard);
    }

    private void Put(StoredRun run) => _disk.Store.Transact(StoreScope.Everything, transaction => transaction.Put(run));

    /// <summary>The change that is published when the event is imported.</summary>
    private RunChanged Heard(WorkerEvent happened)
    {
        using ChangeListener listener = _disk.Changes.Subscribe(static _ => true);
        _disk.Store.Transact(StoreScope.Run("a"), transaction =>
        {
            StoredRun run = transaction.Find("a")!;
            RunUpdate update = RunProjector.Apply(run.Document, [happened]);
            transaction.Put(run with { Document = update.Document });
            transaction.AddPoints("a", update.Points);
        });
        Assert.True(listener.Changes.TryRead(out StoreChange? change));
        return Assert.IsType<RunChanged>(change);
    }
}

/// <summary>In the embedded store.</summary>
public sealed class LiteDbStoreChangesTests() : StoreChangesTests(new StorePlace.InFolder());

/// <summary>In PostgreSQL.</summary>
public sealed class PostgresStoreChangesTests() : StoreChangesTests(new StorePlace.InPostgres());
