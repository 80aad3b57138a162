using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Runs;

/// <summary>Results of a metric over a run.</summary>
public sealed record MetricSummary
{
    /// <summary>Value at the last point; null: not finite.</summary>
    public double? Last { get; init; }

    /// <summary>
    /// Best value in the direction of the metric; optimistic if chosen on the reported rows; null: the metric has no direction.
    /// </summary>
    public double? Best { get; init; }

    /// <summary>Step of the best value.</summary>
    public int? BestStep { get; init; }

    /// <summary>
    /// Returns the results after one more point. Ties keep the earlier step as the best; a non-finite value is never the best.
    /// </summary>
    /// <param name="previous">The results so far; null: it is the first point.</param>
    /// <param name="metric">The metric, whose direction determines the best.</param>
    /// <param name="step">Step of the point.</param>
    /// <param name="value">Its value.</param>
    public static MetricSummary After(MetricSummary? previous, MetricDescriptor metric, int step, double value)
    {
        ArgumentNullException.ThrowIfNull(metric);
        previous ??= new MetricSummary();
        if (!double.IsFinite(value))
        {
            return previous with { Last = null };
        }

        bool better = metric.Direction != MetricDirection.None && (previous.Best is not double best || metric.IsBetter(value, best));
        return better ? new MetricSummary { Last = value, Best = value, BestStep = step } : previous with { Last = value };
    }
}
