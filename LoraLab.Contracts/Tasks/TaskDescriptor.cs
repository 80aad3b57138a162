using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Tasks;

/// <summary>What server and pages know about a task, by which they show its runs.</summary>
public sealed record TaskDescriptor
{
    /// <summary>Id, for example <c>classification</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Display name.</summary>
    public required string Label { get; init; }

    /// <summary>What the task calls a training row, for example <c>sentence</c>.</summary>
    public required string RowName { get; init; }

    /// <summary>The metrics of no other task that its evaluations measure.</summary>
    public required MetricScope Scope { get; init; }

    /// <summary>Key of the metric that a dataset names as its primary one; null: it names none.</summary>
    public string? DatasetMetric { get; init; }

    /// <summary>The metrics of its evaluations, the most important first where no dataset says otherwise.</summary>
    public IReadOnlyList<MetricDescriptor> Metrics =>
        [.. MetricCatalog.Default.Evaluated.Where(metric => metric.Scope is MetricScope.EveryTask || metric.Scope == Scope)];

    /// <summary>The metric by which its runs are compared, selected and sorted: the dataset's, or else the first.</summary>
    public MetricDescriptor Primary => Metrics.FirstOrDefault(metric => metric.Key == DatasetMetric) ?? Metrics[0];

    /// <summary>The metrics with a column in tables of its runs: first the primary one, then those that say so.</summary>
    public IReadOnlyList<MetricDescriptor> Columns =>
        [.. Metrics.Where(metric => metric.HasColumn || metric.Key == Primary.Key).OrderByDescending(metric => metric.Key == Primary.Key)];

    /// <summary>Names of the specification fields that belong to it.</summary>
    public required IReadOnlyList<string> Fields { get; init; }

    /// <summary>First columns of its predictions files; the columns after them depend on the dataset.</summary>
    public required IReadOnlyList<string> PredictionColumns { get; init; }
}
