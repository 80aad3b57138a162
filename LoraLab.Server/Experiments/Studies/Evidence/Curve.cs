using LoraLab.Contracts.Metrics;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>One metric over the evaluations of a run with a finite value.</summary>
/// <param name="Points">Increasing steps with their values.</param>
internal sealed record Curve(IReadOnlyList<(int Step, double Value)> Points)
{
    public double Start => Points[0].Value;

    public double Final => Points[^1].Value;

    public static Curve Of(MetricSeries? series) => new(series is null
        ? []
        : [.. series.X.Zip(series.Y).Where(point => point.Second is not null).Select(point => (point.First, point.Second!.Value))]);

    /// <summary>
    /// Area under the curve by the trapezoidal rule, divided by the steps that it spans: the mean height, in the unit of the metric. Null
    /// with fewer than two points.
    /// </summary>
    public double? MeanHeight()
    {
        if (Points.Count < 2)
        {
            return null;
        }

        double area = 0;
        for (int i = 1; i < Points.Count; i++)
        {
            area += (Points[i].Step - Points[i - 1].Step) * (Points[i].Value + Points[i - 1].Value) / 2;
        }

        return area / (Points[^1].Step - Points[0].Step);
    }

    /// <summary>
    /// Steps until the curve first reaches the height, interpolated linearly between evaluations; null if it never does (censored).
    /// </summary>
    public double? StepsTo(double height)
    {
        for (int i = 0; i < Points.Count; i++)
        {
            if (Points[i].Value >= height)
            {
                return i == 0
                    ? Points[0].Step
                    : Points[i - 1].Step + ((Points[i].Step - Points[i - 1].Step) * (height - Points[i - 1].Value)
                        / (Points[i].Value - Points[i - 1].Value));
            }
        }

        return null;
    }

    /// <summary>Whether two curves have the same steps, at least two.</summary>
    public bool SameSteps(Curve other) =>
        Points.Count > 1 && Points.Select(point => point.Step).SequenceEqual(other.Points.Select(point => point.Step));
}
