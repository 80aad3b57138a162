namespace LoraLab.Contracts.Runs.Groups;

/// <summary>A row of a table of runs: one run, or several in one.</summary>
public sealed record RunGroup
{
    /// <summary>The run that comes first in the order of the table.</summary>
    public required RunDocument First { get; init; }

    /// <summary>Number of runs.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Ids of the runs, of many only the first 500.</summary>
    public IReadOnlyList<string> Ids { get; init; } = [];

    /// <summary>Id of the study whose runs they are; null: not grouped by study.</summary>
    public string? StudyId { get; init; }

    /// <summary>Id of the sweep whose runs they are; null: not grouped by sweep.</summary>
    public string? SweepId { get; init; }

    /// <summary>Name of the study or sweep.</summary>
    public string? ExperimentName { get; init; }

    /// <summary>What the runs are evaluated on; null: not the same for all.</summary>
    public RunData? Data { get; init; }

    /// <summary>Statistics of the results, by field; empty for a single run, whose document has them.</summary>
    public IReadOnlyDictionary<string, RunGroupResult> Results { get; init; } = new Dictionary<string, RunGroupResult>();

    /// <summary>The other fields in which the runs differ; all others are those of the first run.</summary>
    public IReadOnlyDictionary<string, RunGroupValues> Differing { get; init; } = new Dictionary<string, RunGroupValues>();
}
