using LoraLab.Contracts.Metrics;

namespace LoraLab.Web.Charts;

/// <summary>The mean of curves of repeated runs at the steps that all of them have, with their standard deviation as a band.</summary>
internal static class MeanCurve
{
    /// <summary>The mean; the curve itself where there is only one.</summary>
    /// <param name="id">Id of the mean.</param>
    /// <param name="label">What the runs have in common.</param>
    /// <param name="curves">The curves, at least one.</param>
    internal static ChartSeries Of(string id, string label, IReadOnlyList<ChartSeries> curves)
    {
        ChartSeries first = curves[0];
        if (curves.Count == 1)
        {
            return first;
        }

        List<Dictionary<int, double>> values = [.. curves.Select(curve => curve.Data.X.Zip(curve.Data.Y)
            .Where(point => point.Second is not null).DistinctBy(point => point.First)
            .ToDictionary(point => point.First, point => point.Second!.Value))];
        List<int> steps = [.. values[0].Keys.Where(step => values.All(curve => curve.ContainsKey(step))).Order()];
        List<(double Mean, double Deviation)> points = [.. steps.Select(step => Moments([.. values.Select(curve => curve[step])]))];
        return new ChartSeries(id, $"{label}, mean of {curves.Count} ± SD", first.Color, new MetricSeries
        {
            X = steps,
            Y = [.. points.Select(point => (double?)point.Mean)],
        })
        {
            Position = first.Position,
            Deviation = [.. points.Select(point => point.Deviation)],
        };
    }

    private static (double Mean, double Deviation) Moments(double[] values)
    {
        double mean = values.Average();
        return (mean, Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1)));
    }
}
