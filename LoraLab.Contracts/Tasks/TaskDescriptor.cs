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

    /// <summary>The metrics of its evaluations, the most important first.</summary>
    public IReadOnlyList<MetricDescriptor> Metrics =>
        [.. MetricCatalog.Default.Evaluated.Where(metric => metric.Scope is MetricScope.EveryTask || metric.Scope == Scope)];

    /// <summary>The metric by which its runs are compared, selected and sorted.</summary>
    public MetricDescriptor Primary => Metrics[0];

    /// <summary>The metrics with a column in tables of its runs: the primary one, and those that say so.</summary>
    public IReadOnlyList<MetricDescriptor> Columns => [.. Metrics.Where(metric => metric.HasColumn || metric.Key == Primary.Key)];

    /// <summary>Names of the specification fields that belong to it.</summary>
    public required IReadOnlyList<string> Fields { get; init; }

    /// <summary>First columns of its predictions files; the columns after them depend on the dataset.</summary>
    public required IReadOnlyList<string> PredictionColumns { get; init; }
}
