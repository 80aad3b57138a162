using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>What a study knows of a run.</summary>
/// <param name="Wanted">Which of its runs it is.</param>
/// <param name="RunId">The run.</param>
/// <param name="State">How it ended, as of its last end; queued while it has none.</param>
internal sealed record TrackedRun(RequiredRun Wanted, string RunId, RunState State)
{
    public EndReason? EndReason { get; init; }

    public string? Error { get; init; }

    public int Step { get; init; }

    public int TotalSteps { get; init; }

    public double? Accuracy { get; init; }

    public double? MacroF1 { get; init; }

    public double? Loss { get; init; }

    /// <summary>Interrupted is no end: such a run goes on, by itself or when somebody resumes it.</summary>
    [JsonIgnore]
    public bool Ended => State is RunState.Completed or RunState.Failed or RunState.Cancelled;

    /// <summary>It has a result.</summary>
    [JsonIgnore]
    public bool Finished => State == RunState.Completed && Accuracy is not null;

    /// <summary>What is to be remembered of a run. Of one that has not ended only that it exists: its progress is its own document's.</summary>
    public static TrackedRun Of(RequiredRun wanted, RunDocument run)
    {
        TrackedRun known = new(wanted, run.Id, RunState.Queued);
        return run.State is RunState.Completed or RunState.Failed or RunState.Cancelled ? Now(wanted, run) : known;
    }

    /// <summary>As the run is at this moment.</summary>
    public static TrackedRun Now(RequiredRun wanted, RunDocument run) => new(wanted, run.Id, run.State)
    {
        EndReason = run.EndReason,
        Error = run.Error,
        Step = run.Progress.Step,
        TotalSteps = run.Progress.TotalSteps,
        Accuracy = run.Summary.Accuracy?.Last,
        MacroF1 = run.Summary.MacroF1?.Last,
        Loss = run.Summary.EvalLoss?.Last,
    };

    /// <summary>A run that was deleted before it had ended.</summary>
    public TrackedRun Gone() => Ended ? this : this with
    {
        State = RunState.Cancelled,
        EndReason = Contracts.Runs.EndReason.Cancelled,
        Error = "It was deleted before it had ended.",
    };
}
