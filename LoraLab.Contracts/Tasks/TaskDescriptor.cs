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

    /// <summary>Keys of the metrics of its evaluations, the most important first.</summary>
    public required IReadOnlyList<string> Metrics { get; init; }

    /// <summary>Names of the specification fields that belong to it.</summary>
    public required IReadOnlyList<string> Fields { get; init; }

    /// <summary>First columns of its predictions files; the columns after them depend on the dataset.</summary>
    public required IReadOnlyList<string> PredictionColumns { get; init; }
}
