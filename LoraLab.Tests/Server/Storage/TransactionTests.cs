using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using Xunit;

namespace LoraLab.Tests.Server.Storage;

/// <summary>Rules for the work of a transaction: it stays within its scope, and it is repeatable.</summary>
public abstract class TransactionTests : IDisposable
{
    private readonly StorePlace _place;
    private readonly OpenStore _disk;

    private protected TransactionTests(StorePlace place)
    {
        _place = place;
        _disk = place.Open();
        _disk.Put("a");
    }

    public void Dispose()
    {
        _disk.Dispose();
        _place.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Work_OutsideItsScope_IsRefusedAndLeavesNothing()
    {
        StoredRun other = OpenStore.Run("b");
        StoredRun running = _disk.Store.Find("a")! with { Position = 3 };
        long seq = _disk.Store.Seq;

        AssertRefused(StoreScope.Run("a"), transaction => transaction.Put(other), "run a writes run b");
        AssertRefused(StoreScope.Run("b"), transaction => transaction.Put(running), "run b writes run a");
        AssertRefused(StoreScope.Run("b"), transaction => transaction.Remove("a"), "run b removes run a");
        AssertRefused(StoreScope.Experiment("p"), transaction => transaction.AddPoints("a", []), "experiment p adds points to run a");
        AssertRefused(StoreScope.Run("a"), transaction => transaction.SetPaused(true), "run a pauses the queue");
        AssertRefused(StoreScope.Run("a"), transaction => transaction.QueueEnds(), "run a adds to the queue");
        AssertRefused(StoreScope.Queue, transaction => transaction.RunsOf(ExperimentKind.Study, "p"), "the queue reads the runs of p");
        AssertRefused(
            StoreScope.Run("a") + StoreScope.Experiment("q"),
            transaction => transaction.PutExperiment(
                new StoredExperiment { Id = "p", Kind = ExperimentKind.Study, Name = "p", Content = default }),
            "run a, experiment q writes p");
        Assert.Equal(("a", 0L, seq), (Assert.Single(_disk.RunIds), _disk.Store.Find("a")!.Position, _disk.Store.Seq));
    }

    [Fact]
    public void Work_WithinItsScope_IsTaken()
    {
        StoredRun other = OpenStore.Run("b");
        StoredRun moved = _disk.Store.Find("a")! with { Position = 3 };

        _disk.Store.Transact(StoreScope.Queue, transaction => transaction.Put(other));
        _disk.Store.Transact(StoreScope.Queue, transaction => transaction.Put(moved));
        _disk.Store.Transact(StoreScope.Run("a"), transaction => transaction.AddPoints("a", [new MetricPoint(MetricKeys.TrainLoss, 1, 2)]));
        _disk.Store.Transact(StoreScope.Queue + StoreScope.Run("b"), transaction => transaction.Remove("b"));

        Assert.Equal(("a", 3L, 1), (Assert.Single(_disk.RunIds), _disk.Store.Find("a")!.Position, _disk.Store.ReadSeries(
            "a", null)[MetricKeys.TrainLoss].X.Count));
    }

    [Fact]
    public void Work_WithAnotherResultTheSecondTime_IsRefusedWhereItIsRepeated()
    {
        StoredRun run = _disk.Store.Find("a")!;
        int times = 0;

        InvalidOperationException refused =
            Assert.Throws<InvalidOperationException>(() => _disk.Store.Transact(StoreScope.Run("a"), transaction =>
                transaction.Put(run with { Document = run.Document with { Name = $"drawn {++times}" } })));

        Assert.Contains("had a different result when it was repeated", refused.Message, StringComparison.Ordinal);
        Assert.Equal((2, "a"), (times, _disk.Store.Find("a")!.Document.Name));
    }

    [Fact]
    public void Work_DoneTwice_HappensOnce()
    {
        long seq = _disk.Store.Seq;

        _disk.Emit("a", 3);
        _disk.AddPoints("a", [new MetricPoint(MetricKeys.TrainLoss, 1, 2), new MetricPoint(MetricKeys.TrainLoss, 2, 3)]);

        Assert.Equal((seq + 3, 2), (_disk.Store.Seq, _disk.Store.ReadSeries("a", null)[MetricKeys.TrainLoss].X.Count));
    }

    private void AssertRefused(StoreScope scope, Action<IStoreTransaction> work, string what) =>
        Assert.Equal(
            $"A transaction with the scope of {what}.",
            Assert.Throws<InvalidOperationException>(() => _disk.Store.Transact(scope, work)).Message);
}

/// <summary>In the embedded store.</summary>
public sealed class LiteDbTransactionTests() : TransactionTests(new StorePlace.InFolder());

/// <summary>In PostgreSQL.</summary>
public sealed class PostgresTransactionTests() : TransactionTests(new StorePlace.InPostgres());
