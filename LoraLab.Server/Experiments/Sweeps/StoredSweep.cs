using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>A sweep as the store keeps it; everything else follows from it and from its runs.</summary>
internal sealed record StoredSweep
{
    public required SweepPlan Plan { get; init; }

    public SweepState State { get; init; }

    public string? Error { get; init; }

    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Numbers of unsearched fields in the constraints.</summary>
    public IReadOnlyDictionary<string, double> Constants { get; init; } = new Dictionary<string, double>();

    /// <summary>Steps of a run; of its first run where runs differ.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Steps between evaluations, likewise.</summary>
    public int EvalEvery { get; init; }

    /// <summary>Steps at which runs are halved; empty without halving.</summary>
    public IReadOnlyList<int> Rungs { get; init; } = [];

    public int PlannedRuns { get; init; }

    /// <summary>Points that were chosen, in order.</summary>
    public IReadOnlyList<StoredTrial> Trials { get; init; } = [];

    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>A chosen point and what was decided about its run.</summary>
/// <param name="Values">Value by field.</param>
internal sealed record StoredTrial(JsonObject Values)
{
    /// <summary>Its run, from the moment there was one: a run that is deleted is not made again.</summary>
    public string? RunId { get; init; }

    /// <summary>Its run was stopped because the sweep was paused, and goes on with it.</summary>
    public bool Held { get; init; }

    /// <summary>Rungs after which it was among those that go on.</summary>
    public int RungsPassed { get; init; }
}
