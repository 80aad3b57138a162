using LoraLab.Contracts.Metrics;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>A curve of a picture: a run, or the mean of runs that differ in their seeds.</summary>
/// <param name="Label">Entry of the legend.</param>
/// <param name="Method">Its method.</param>
/// <param name="Color">Its color, a shade of that of the method, <c>#rrggbb</c>.</param>
/// <param name="Runs">The points of the run, or of each run.</param>
internal sealed record PictureCurve(string Label, string Method, string Color, IReadOnlyList<MetricSeries> Runs)
{
    /// <summary>The value of the run, or mean, minimum and maximum over runs at the steps at which all have a finite value.</summary>
    public IReadOnlyList<(int Step, double Mean, double Low, double High)> Points()
    {
        List<Dictionary<int, double>> values = [.. Runs.Select(Finite)];
        return values.Count == 0 ? [] :
        [
            .. values[0].Keys.Where(step => values.TrueForAll(run => run.ContainsKey(step))).Order().Select(step => (
                step, values.Average(run => run[step]), values.Min(run => run[step]), values.Max(run => run[step]))),
        ];
    }

    /// <summary>Steps at which a run has a value that is not finite.</summary>
    public IReadOnlyList<int> NonFinite() => [.. Runs.SelectMany(run => run.NonFinite.Select(point => point.Step)).Distinct().Order()];

    private static Dictionary<int, double> Finite(MetricSeries run) => Enumerable.Range(0, run.X.Count)
        .Where(i => run.Y[i] is not null).ToDictionary(i => run.X[i], i => run.Y[i]!.Value);
}
