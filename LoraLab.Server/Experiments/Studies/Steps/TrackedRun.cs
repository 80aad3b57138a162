using System.Text.Json.Serialization;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>A run as the study tracks it.</summary>
/// <param name="Required">The required run that it is.</param>
/// <param name="RunId">Id of the run.</param>
/// <param name="State">Its last terminal state; queued before it has one.</param>
internal sealed record TrackedRun([property: JsonPropertyName("wanted")] RequiredRun Required, string RunId, RunState State)
{
    public EndReason? EndReason { get; init; }

    public string? Error { get; init; }

    public int Step { get; init; }

    public int TotalSteps { get; init; }

    /// <summary>Metrics of the last evaluation, by key.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    [JsonIgnore]
    public double? Accuracy => Metric(MetricKeys.EvalAccuracy);

    [JsonIgnore]
    public double? Loss => Metric(MetricKeys.EvalLoss);

    // Studies stored before there was a map.
    [JsonInclude]
    [JsonPropertyName("accuracy")]
    private double? FormerAccuracy { init => Metrics = With(MetricKeys.EvalAccuracy, value); }

    [JsonInclude]
    [JsonPropertyName("macroF1")]
    private double? FormerMacroF1 { init => Metrics = With(MetricKeys.EvalMacroF1, value); }

    [JsonInclude]
    [JsonPropertyName("loss")]
    private double? FormerLoss { init => Metrics = With(MetricKeys.EvalLoss, value); }

    /// <summary>Whether the run has ended. An interrupted run has not: it is resumed, automatically or by a user.</summary>
    [JsonIgnore]
    public bool Ended => State is RunState.Completed or RunState.Failed or RunState.Cancelled;

    /// <summary>Whether the run completed with a result.</summary>
    [JsonIgnore]
    public bool Finished => State == RunState.Completed && Accuracy is not null;

    /// <summary>The run as stored with the study: its result once it has ended, before that only its id.</summary>
    public static TrackedRun From(RequiredRun required, RunDocument run)
    {
        TrackedRun known = new(required, run.Id, RunState.Queued);
        return run.State is RunState.Completed or RunState.Failed or RunState.Cancelled ? Current(required, run) : known;
    }

    /// <summary>The run in its present state.</summary>
    public static TrackedRun Current(RequiredRun required, RunDocument run) => new(required, run.Id, run.State)
    {
        EndReason = run.EndReason,
        Error = run.Error,
        Step = run.Progress.Step,
        TotalSteps = run.Progress.TotalSteps,
        Metrics = run.Summary.LastEvaluation(),
    };

    /// <summary>The run after its deletion: cancelled, unless it had ended.</summary>
    public TrackedRun Deleted() => Ended ? this : this with
    {
        State = RunState.Cancelled,
        EndReason = Contracts.Runs.EndReason.Cancelled,
        Error = "The run was deleted before it ended.",
    };

    private double? Metric(string key) => Metrics.TryGetValue(key, out double value) ? value : null;

    private IReadOnlyDictionary<string, double> With(string key, double? value) =>
        value is double known ? new Dictionary<string, double>(Metrics) { [key] = known } : Metrics;
}
