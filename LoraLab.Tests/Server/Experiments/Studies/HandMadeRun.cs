using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>A run of a handmade study.</summary>
/// <param name="Method">Method id.</param>
/// <param name="Seed">Seed k.</param>
internal sealed record HandMadeRun(string Method, long Seed)
{
    public StudyStage Stage { get; init; } = StudyStage.Reported;

    public JsonObject Settings { get; init; } = [];

    /// <summary>Accuracy at each evaluation; the last is the result.</summary>
    public (int Step, double Accuracy)[] Curve { get; init; } = [(0, 0.5), (100, 0.9)];

    /// <summary>Number of wrong rows of 100, starting at row 0, from which predictions and result follow; null: no predictions.</summary>
    public int? Wrong { get; init; }

    public double? LearningRate { get; init; } = 1e-4;

    public double? LearningRateB { get; init; }

    public RunState State { get; init; } = RunState.Completed;

    public EndReason? EndReason { get; init; } = Contracts.Runs.EndReason.Finished;

    public string? Error { get; init; }

    public string Device { get; init; } = "cpu";

    public string DeviceName { get; init; } = "a device";

    public double? TrainSeconds { get; init; }

    public double? PeakMemoryMb { get; init; }

    public int? BudgetMb { get; init; }

    public double? BudgetExceededMb { get; init; }

    public long? Parameters { get; init; } = 1000;

    /// <summary>Weights and data are the paper's.</summary>
    public bool Papers { get; init; } = true;

    public bool HasFingerprint { get; init; } = true;

    /// <summary>Hash of the final factors; null: a unique one.</summary>
    public string? Final { get; init; }
}
