using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>A sweep as stored; everything else is derived from it and its runs.</summary>
internal sealed record StoredSweep
{
    public required SweepPlan Plan { get; init; }

    public SweepState State { get; init; }

    public string? Error { get; init; }

    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Values of the fields in the constraints that are not searched.</summary>
    public IReadOnlyDictionary<string, double> Constants { get; init; } = new Dictionary<string, double>();

    /// <summary>Steps of a run; of the first run where runs differ.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Steps between evaluations; of the first run where runs differ.</summary>
    public int EvalEvery { get; init; }

    /// <summary>Steps at which successive halving decides; empty with other pruners.</summary>
    public IReadOnlyList<int> Rungs { get; init; } = [];

    public int PlannedRuns { get; init; }

    /// <summary>Trials in the order in which their points were chosen.</summary>
    public IReadOnlyList<StoredTrial> Trials { get; init; } = [];

    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>A trial as stored: a point and the decisions about its run.</summary>
/// <param name="Values">Value by field.</param>
internal sealed record StoredTrial(JsonObject Values)
{
    /// <summary>Id of its run once created; kept so that a deleted run is not created again.</summary>
    public string? RunId { get; init; }

    /// <summary>Whether its run was stopped by pausing the sweep and resumes with it.</summary>
    public bool Held { get; init; }

    /// <summary>Number of rungs that it survived.</summary>
    public int RungsPassed { get; init; }
}
