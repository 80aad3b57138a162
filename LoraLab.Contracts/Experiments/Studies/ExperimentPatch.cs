namespace LoraLab.Contracts.Experiments.Studies;

/// <summary>Changes to the description of a study or a sweep; absent members are left unchanged.</summary>
public sealed record ExperimentPatch
{
    /// <summary>New display name, unique among studies or sweeps.</summary>
    public string? Name { get; init; }

    /// <summary>New notes; empty or null: none.</summary>
    public string? Notes { get; init; }
}
