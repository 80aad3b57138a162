using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>Preview of a sweep: the response to a dry run.</summary>
public sealed record SweepPreview
{
    /// <summary>The plan with its defaults filled in.</summary>
    public required SweepPlan Plan { get; init; }

    /// <summary>Number of runs.</summary>
    public int Runs { get; init; }

    /// <summary>Number of grid points excluded by constraints.</summary>
    public int Excluded { get; init; }

    /// <summary>Its first runs; with <c>tpe</c>, the random ones.</summary>
    public IReadOnlyList<JsonObject> First { get; init; } = [];

    /// <summary>Optimizer steps of all runs, without early stopping.</summary>
    public long Steps { get; init; }

    /// <summary>Device hours without early stopping; null: no timing is known.</summary>
    public double? DeviceHours { get; init; }

    /// <summary>Basis of the estimate, in one sentence.</summary>
    public required string Basis { get; init; }

    /// <summary>Savings of early stopping; null: no pruner.</summary>
    [JsonPropertyName("saving")]
    public SweepSavings? Savings { get; init; }

    /// <summary>Warnings.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>Savings of early stopping.</summary>
/// <param name="Steps">Remaining optimizer steps.</param>
/// <param name="DeviceHours">Remaining device hours; null: no timing is known.</param>
/// <param name="Exact">True if the number of steps does not depend on the results; false if it is a lower bound.</param>
/// <param name="Sentence">Description in one sentence.</param>
/// <param name="Rungs">Number of runs that reach each rung and the last step; empty for rules without rungs.</param>
public sealed record SweepSavings(long Steps, double? DeviceHours, bool Exact, string Sentence, IReadOnlyList<SweepRung> Rungs);

/// <summary>A rung of successive halving.</summary>
/// <param name="Step">Step of the rung.</param>
/// <param name="Runs">Number of runs that reach it.</param>
public sealed record SweepRung(int Step, int Runs);
