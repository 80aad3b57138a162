using System.ComponentModel.DataAnnotations;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Experiments.Studies;

/// <summary>Changes to the description of a study or a sweep; absent members are left unchanged.</summary>
public sealed record ExperimentPatch
{
    /// <summary>New display name, unique among studies or sweeps; that of a study has at most 100 characters.</summary>
    [StringLength(TextLimits.Name, MinimumLength = 1)]
    public string? Name { get; init; }

    /// <summary>New notes; empty or null: none.</summary>
    [StringLength(TextLimits.Notes)]
    public string? Notes { get; init; }
}
