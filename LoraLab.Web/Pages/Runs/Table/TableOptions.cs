namespace LoraLab.Web.Pages.Runs.Table;

/// <summary>What a table of runs shows beside its columns; all of it is in the page's URL.</summary>
public sealed record TableOptions
{
    /// <summary>Whether runs that differ only in their seeds are one row: mean ± standard deviation.</summary>
    public bool GroupSeeds { get; init; }

    /// <summary>Whether the runs of a study or sweep are one row.</summary>
    public bool Collapse { get; init; }

    /// <summary>Id of the run from which differences are shown; null: none.</summary>
    public string? Baseline { get; init; }

    /// <summary>Names of studies and sweeps by id.</summary>
    public IReadOnlyDictionary<string, string> ExperimentNames { get; init; } = new Dictionary<string, string>();
}
