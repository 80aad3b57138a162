using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>What a sweep would do: the answer to a dry run.</summary>
public sealed record SweepPreview
{
    /// <summary>The plan with everything that was left out filled in.</summary>
    public required SweepPlan Plan { get; init; }

    /// <summary>How many runs it makes.</summary>
    public int Runs { get; init; }

    /// <summary>Combinations that the constraints leave out of a grid.</summary>
    public int Excluded { get; init; }

    /// <summary>Its first runs; with <c>tpe</c> those that are drawn before it learns.</summary>
    public IReadOnlyList<JsonObject> First { get; init; } = [];

    /// <summary>Optimizer steps of all runs, none stopped early.</summary>
    public long Steps { get; init; }

    /// <summary>Hours on the device, none stopped early; null where nothing is known of the pace.</summary>
    public double? DeviceHours { get; init; }

    /// <summary>Where the hours come from, in one sentence.</summary>
    public required string Basis { get; init; }

    /// <summary>What stopping runs early saves; null: nothing stops them.</summary>
    [JsonPropertyName("saving")]
    public SweepSavings? Savings { get; init; }

    /// <summary>Things worth knowing.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>What stopping runs early saves.</summary>
/// <param name="Steps">Optimizer steps that are left.</param>
/// <param name="DeviceHours">Hours that are left; null where nothing is known of the pace.</param>
/// <param name="Exact">The rule makes so many steps, whatever the results; otherwise it makes no fewer.</param>
/// <param name="Sentence">The same in words.</param>
/// <param name="Rungs">Runs that reach each rung, and the last step; empty for rules without rungs.</param>
public sealed record SweepSavings(long Steps, double? DeviceHours, bool Exact, string Sentence, IReadOnlyList<SweepRung> Rungs);

/// <summary>A rung of successive halving.</summary>
/// <param name="Step">Its step.</param>
/// <param name="Runs">Runs that reach it.</param>
public sealed record SweepRung(int Step, int Runs);
