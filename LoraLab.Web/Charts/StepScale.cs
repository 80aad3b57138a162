using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Charts;

/// <summary>
/// Where the steps of a run lie on an axis of tokens or training time. A run records its totals and its speed at every step: the time of a
/// step is its share of the training time by that speed, its tokens are the mean of all steps.
/// </summary>
public sealed class StepScale : IEquatable<StepScale>
{
    private readonly double[] _ends;
    private readonly double _mean;

    // What it was made from: a chart whose curves are equal is not drawn again.
    private readonly (ChartXAxis Axis, MetricSeries Speed, double Total) _source;

    private StepScale(double[] ends, (ChartXAxis Axis, MetricSeries Speed, double Total) source) =>
        (_ends, _mean, _source) = (ends, ends[^1] / ends.Length, source);

    /// <summary>The scale of a run; null: what it needs is not recorded yet.</summary>
    /// <param name="axis">The axis; of steps, there is no scale.</param>
    /// <param name="speed">Tokens per second of every step; without them, all steps take equally long.</param>
    /// <param name="steps">Number of steps.</param>
    /// <param name="summary">The totals.</param>
    public static StepScale? Of(ChartXAxis axis, MetricSeries speed, int steps, RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(speed);
        ArgumentNullException.ThrowIfNull(summary);
        steps = Math.Max(steps, speed.X.Count == 0 ? 0 : speed.X[^1]);
        double? total = axis == ChartXAxis.Tokens ? summary.TrainTokens : summary.TrainSeconds;
        if (steps == 0 || total is not double whole || axis == ChartXAxis.Steps)
        {
            return null;
        }

        double[] shares = new double[steps];
        Array.Fill(shares, 1);
        if (axis == ChartXAxis.Seconds)
        {
            Weigh(shares, speed);
        }

        double sum = shares.Sum(), passed = 0;
        return new StepScale([.. shares.Select(share => (passed += share) * whole / sum)], (axis, speed, whole));
    }

    /// <summary>The place of a step: what had passed when it ended.</summary>
    public double At(int step) => step <= 0 ? 0
        : step <= _ends.Length ? _ends[step - 1]
        : _ends[^1] + ((step - _ends.Length) * _mean);

    public bool Equals(StepScale? other) => other is not null && ReferenceEquals(_source.Speed, other._source.Speed)
        && _source.Axis == other._source.Axis && _source.Total.Equals(other._source.Total);

    public override bool Equals(object? obj) => Equals(obj as StepScale);

    public override int GetHashCode() => HashCode.Combine(_source.Axis, _source.Total);

    /// <summary>The duration of a step is inverse to its speed; one without a speed takes as long as the others on average.</summary>
    private static void Weigh(double[] shares, MetricSeries speed)
    {
        Array.Fill(shares, double.NaN);
        for (int i = 0; i < speed.X.Count; i++)
        {
            if (speed.X[i] >= 1 && speed.Y[i] is > 0 and double rate)
            {
                shares[speed.X[i] - 1] = 1 / rate;
            }
        }

        double mean = shares.Where(share => !double.IsNaN(share)).DefaultIfEmpty(1).Average();
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = double.IsNaN(shares[i]) ? mean : shares[i];
        }
    }
}
