using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Runs.Fields;

/// <summary>A value of a run by which runs are filtered and sorted, and which tables of runs have a column for.</summary>
/// <param name="Name">Its name in filters, orders and addresses.</param>
/// <param name="Label">Its name in headings.</param>
/// <param name="Kind">The kind of value.</param>
/// <param name="Read">Reads it; null: the run has no value.</param>
public sealed record RunField(string Name, string Label, RunFieldKind Kind, Func<RunDocument, object?> Read)
{
    /// <summary>The words of a choice; empty: any text.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>The metric whose last or best value it is; null: another value.</summary>
    public MetricDescriptor? Metric { get; init; }

    /// <summary>Whether it is a result, of which a group of runs has a mean: a metric, or another number of the summary.</summary>
    public bool IsResult { get; init; }

    /// <summary>The field of the specification; null: another value.</summary>
    public SpecFieldDescriptor? Spec { get; init; }

    /// <summary>The value to sort by; null: missing. Of an option of a method, numbers only: others have no order among them.</summary>
    public IComparable? SortKey(RunDocument run) => Read(run) switch
    {
        null => null,
        string text => Kind == RunFieldKind.Any ? null : text,
        bool on => on ? 1.0 : 0.0,
        DateTimeOffset at => at.ToUnixTimeMilliseconds() / 1000.0,
        IReadOnlyList<string> words => string.Join(", ", words),
        double number when double.IsFinite(number) => number,
        _ => null,
    };
}
