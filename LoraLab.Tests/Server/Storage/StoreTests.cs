using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using Xunit;

namespace LoraLab.Tests.Server.Storage;

/// <summary>What every store keeps: the embedded one on a real file, and the one in a real PostgreSQL.</summary>
public abstract class StoreTests : IDisposable
{
    private readonly StorePlace _place;

    private protected StoreTests(StorePlace place) => _place = place;

    public void Dispose()
    {
        _place.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Points_ManyChunksAndARepeatedStep_ReadInOrderWithTheLastValueAfterReopening()
    {
        using (OpenStore disk = _place.Open())
        {
            disk.Put("a");
            for (int from = 1; from <= 600; from += 7)
            {
                int first = from;
                disk.AddPoints("a", Enumerable.Range(first, 7).Select(step => new MetricPoint(MetricKeys.TrainLoss, step, step)));
            }
        }

        using OpenStore again = _place.Open();
        again.AddPoints(
            "a", [new MetricPoint(MetricKeys.TrainLoss, 5, -5), new MetricPoint(MetricKeys.TrainLoss, 603, double.NegativeInfinity)]);
        MetricSeries series = again.Store.ReadSeries("a", null)[MetricKeys.TrainLoss];

        Assert.Equal(Enumerable.Range(1, 603), series.X.Take(603));
        Assert.Equal(-5, series.Y[4]);
        Assert.Equal(600, series.Y[599]);
        Assert.Equal([new NonFinitePoint(602, 603, "-Infinity")], series.NonFinite);
    }

    [Fact]
    public void Transaction_ThatThrows_LeavesNothingBehind()
    {
        using OpenStore disk = _place.Open();
        disk.Put("a");
        long seq = disk.Store.Seq;
        StoredRun other = OpenStore.Run("b");

        Assert.Throws<InvalidOperationException>(() => disk.Store.Transact<bool>(StoreScope.Everything, transaction =>
        {
            transaction.Put(other);
            transaction.Remove("a");
            transaction.Emit("b", LiveEventTypes.RunState, 1);
            throw new InvalidOperationException("Half-way.");
        }));

        Assert.Equal(["a"], disk.RunIds);
        Assert.Equal(seq, disk.Store.Seq);
    }

    [Fact]
    public void Events_OlderThanTheRetention_CannotBeReplayedAndLaterOnesCan()
    {
        using OpenStore disk = _place.Open();
        for (int i = 0; i < 125; i++)
        {
            disk.Emit("a", 100);
        }

        Assert.Equal(12_500, disk.Store.Seq);
        Assert.False(disk.Store.ReadEvents(5).Complete);
        EventPage page = disk.Store.ReadEvents(12_490);
        Assert.True(page.Complete);
        Assert.Equal(Enumerable.Range(12_491, 10).Select(seq => (long)seq), page.Events.Select(live => live.Seq));
        Assert.False(disk.Store.ReadEvents(12_501).Complete);
        Assert.Equal(Enumerable.Range(1, 12_500).Select(seq => (long)seq), disk.Sink.Seqs);
    }

    [Fact]
    public void Writers_ManyAtOnce_LoseNothing()
    {
        const int Writers = 4;
        const int Each = 50;
        using (OpenStore disk = _place.Open())
        {
            Parallel.For(0, Writers, writer =>
            {
                disk.Put($"run{writer}");
                for (int i = 0; i < Each; i++)
                {
                    disk.AddPoints($"run{writer}", [new MetricPoint(MetricKeys.TrainLoss, i, i)]);
                    disk.Emit($"run{writer}", 1);
                }
            });
            Assert.Equal(Enumerable.Range(1, Writers * Each).Select(seq => (long)seq), disk.Sink.Seqs);
        }

        using OpenStore again = _place.Open();
        Assert.Equal(Writers * Each, again.Store.Seq);
        Assert.All(Enumerable.Range(0, Writers), writer =>
            Assert.Equal(Each, again.Store.ReadSeries($"run{writer}", null)[MetricKeys.TrainLoss].X.Count));
    }
}

/// <summary>The embedded store.</summary>
public sealed class LiteDbStoreTests() : StoreTests(new StorePlace.InFolder());

/// <summary>The store in PostgreSQL.</summary>
public sealed class PostgresStoreTests() : StoreTests(new StorePlace.InPostgres());
