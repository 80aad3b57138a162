using LoraLab.Contracts.Metrics;
using LoraLab.Web.State;
using Xunit;

namespace LoraLab.Tests.Web.State;

public sealed class MetricStoreTests
{
    private const string Key = MetricKeys.TrainLoss;

    [Fact]
    public void Merge_DuplicateOrLatePoints_AreStoredOnceAndInOrder()
    {
        MetricStore store = new();
        store.Replace(Points(new MetricSeries { X = [1, 2, 3], Y = [1, 2, 3] }));

        store.Merge(Points(new MetricSeries { X = [3, 4], Y = [3, 4] }));
        store.Merge(Points(new MetricSeries { X = [2], Y = [null], NonFinite = [new(0, 2, "NaN")] }));

        MetricSeries series = store.Get("run", Key);
        Assert.Equal([1, 2, 3, 4], series.X);
        Assert.Equal([1, null, 3, 4], series.Y);
        Assert.Equal(new NonFinitePoint(1, 2, "NaN"), Assert.Single(series.NonFinite));
    }

    [Fact]
    public void Merge_ResumedAttempt_ReplacesPointsAfterItsCheckpoint()
    {
        MetricStore store = new();
        store.Replace(Points(new MetricSeries { X = [1, 2, 3, 4], Y = [1, 2, null, 4], NonFinite = [new(2, 3, "NaN")] }));

        store.Merge(Points(new MetricSeries { X = [3], Y = [30] }) with { SupersededAfter = 2 });

        Assert.Equal([1, 2, 3], store.Get("run", Key).X);
        Assert.Equal([1, 2, 30], store.Get("run", Key).Y);
        Assert.Empty(store.Get("run", Key).NonFinite);
    }

    [Fact]
    public void Merge_UnknownRun_StartsASeries()
    {
        MetricStore store = new();

        store.Merge(Points(new MetricSeries { X = [0], Y = [0.5] }));

        Assert.Equal([0], store.Get("run", Key).X);
        Assert.Empty(store.Get("other", Key).X);
    }

    [Fact]
    public void Get_LaterPoints_AreNotInAnEarlierSnapshot()
    {
        MetricStore store = new();
        store.Merge(Points(new MetricSeries { X = [1, 2], Y = [1, null], NonFinite = [new(1, 2, "Infinity")] }));
        MetricSeries before = store.Get("run", Key);

        store.Merge(Points(new MetricSeries { X = [3, 4], Y = [null, 4], NonFinite = [new(0, 3, "NaN")] }));

        Assert.Equal([1, 2], before.X);
        Assert.Single(before.NonFinite);
        Assert.Equal([1, null, null, 4], store.Get("run", Key).Y);
        Assert.Equal([new(1, 2, "Infinity"), new(2, 3, "NaN")], store.Get("run", Key).NonFinite);
    }

    private static RunMetrics Points(MetricSeries series) => new("run", new Dictionary<string, MetricSeries> { [Key] = series });
}
