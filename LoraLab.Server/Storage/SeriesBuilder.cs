using LoraLab.Contracts.Metrics;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Builds a series in step order; a repeated step replaces the earlier value.</summary>
internal sealed class SeriesBuilder
{
    private readonly SortedDictionary<int, double> _points = [];

    /// <summary>Adds points up to a step.</summary>
    public void Add(ReadOnlySpan<int> steps, ReadOnlySpan<double> values, int lastStep)
    {
        for (int i = 0; i < steps.Length; i++)
        {
            if (steps[i] <= lastStep)
            {
                _points[steps[i]] = values[i];
            }
        }
    }

    public void Add(int step, double value) => _points[step] = value;

    public MetricSeries Build()
    {
        List<int> x = new(_points.Count);
        List<double?> y = new(_points.Count);
        List<NonFinitePoint> nonFinite = [];
        foreach ((int step, double value) in _points)
        {
            if (!double.IsFinite(value))
            {
                nonFinite.Add(new NonFinitePoint(x.Count, step, Word(value)));
            }

            x.Add(step);
            y.Add(double.IsFinite(value) ? value : null);
        }

        return new MetricSeries { X = x, Y = y, NonFinite = nonFinite };
    }

    private static string Word(double value) => double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";

    public static MetricSeries Of(IEnumerable<MetricPoint> points)
    {
        SeriesBuilder builder = new();
        foreach (MetricPoint point in points)
        {
            builder.Add(point.Step, point.Value);
        }

        return builder.Build();
    }
}
