namespace LoraLab.Contracts.Experiments.Studies;

/// <summary>Changes to the description of a study or a sweep; absent members stay.</summary>
public sealed record ExperimentPatch
{
    /// <summary>New display name; no two of a kind have the same.</summary>
    public string? Name { get; init; }

    /// <summary>New notes; empty or null: none.</summary>
    public string? Notes { get; init; }
}
