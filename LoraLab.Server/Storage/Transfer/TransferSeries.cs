using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Transfer;

/// <summary>The points that one attempt of a run reported for one metric, in the order of their steps.</summary>
/// <param name="Run">Id of the run.</param>
/// <param name="Key">The metric.</param>
/// <param name="Attempt">The attempt.</param>
/// <param name="X">Steps.</param>
/// <param name="Y">Values; NaN and infinity included.</param>
internal sealed record TransferSeries(string Run, string Key, int Attempt, IReadOnlyList<int> X, IReadOnlyList<double> Y)
{
    /// <summary>The points as a transaction takes them.</summary>
    public List<MetricPoint> Points => [.. X.Select((step, i) => new MetricPoint(Key, step, Y[i], Attempt))];

    /// <summary>The items of a run from its stored rows: stores split series in different places.</summary>
    public static IEnumerable<TransferItem> ItemsOf(string run, IEnumerable<(string Key, int Attempt, int[] X, double[] Y)> rows) => rows
        .GroupBy(row => (row.Key, row.Attempt))
        .OrderBy(series => series.Key.Key, StringComparer.Ordinal).ThenBy(series => series.Key.Attempt)
        .Select(series =>
        {
            // Stable: of two values of one step, the later one counts.
            (int Step, double Value)[] points = [.. series.SelectMany(row => row.X.Zip(row.Y)).OrderBy(point => point.First)];
            return new TransferItem(TransferKind.Points, new TransferSeries(
                run,
                series.Key.Key,
                series.Key.Attempt,
                [.. points.Select(point => point.Step)],
                [.. points.Select(point => point.Value)]));
        });
}
