using System.Text.Json.Serialization;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Worker;

/// <summary>
/// An event of a worker: one JSON object per line, appended to the attempt's <c>events.jsonl</c> and then repeated on stdout.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(AttemptStarted), "started")]
[JsonDerivedType(typeof(RunPrepared), "prepared")]
[JsonDerivedType(typeof(ProgressMade), "progress")]
[JsonDerivedType(typeof(MetricsRecorded), "metrics")]
[JsonDerivedType(typeof(Evaluated), "evaluated")]
[JsonDerivedType(typeof(CheckpointSaved), "checkpoint")]
[JsonDerivedType(typeof(BudgetExceeded), "overBudget")]
[JsonDerivedType(typeof(WarningRaised), "warning")]
[JsonDerivedType(typeof(AttemptEnded), "ended")]
public abstract record WorkerEvent
{
    /// <summary>Number within the attempt, from 1, without gaps.</summary>
    [JsonPropertyName("n")]
    public long Number { get; init; }

    /// <summary>Time, UTC.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>First event: the worker process has started.</summary>
public sealed record AttemptStarted : WorkerEvent
{
    /// <summary>Operating-system process id.</summary>
    public int ProcessId { get; init; }

    /// <summary>Start time of the process, UTC; null: an event of an earlier version.</summary>
    public DateTimeOffset? ProcessStartedAt { get; init; }
}

/// <summary>The model and data are loaded and the adapters are in place; training begins.</summary>
public sealed record RunPrepared : WorkerEvent
{
    /// <summary>The effective specification, with every value as used.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>Id of the task that the dataset is for; null: an event of an earlier version.</summary>
    public string? Task { get; init; }

    /// <summary>Machine and effective settings.</summary>
    public required RunEnvironment Environment { get; init; }

    /// <summary>Total optimizer steps.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Optimizer steps of earlier attempts from which this one resumes; its points supersede theirs beyond that step.</summary>
    public int ResumedFrom { get; init; }

    /// <summary>Results up to that step; null: it starts from scratch.</summary>
    public RunSummary? Summary { get; init; }

    /// <summary>Trainable parameters, counted from the live model.</summary>
    public long TrainableParameters { get; init; }

    /// <summary>All parameters, including adapters.</summary>
    public long TotalParameters { get; init; }

    /// <summary>Seconds to load and initialize.</summary>
    public double LoadSeconds { get; init; }

    /// <summary>Seconds to calibrate; null: the method does not.</summary>
    public double? PreparingSeconds { get; init; }

    /// <summary>Warnings that do not stop the run.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>Progress of the worker; at most a few per second.</summary>
public sealed record ProgressMade : WorkerEvent
{
    /// <summary>Completed optimizer steps; while preparing, steps of the calibration.</summary>
    public int Step { get; init; }

    /// <summary>Total optimizer steps, or steps of the calibration; 0 until known.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Estimated seconds remaining; null until known.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary><c>loading</c>, <c>preparing</c> (calibration), <c>training</c>, <c>evaluating</c> or <c>saving</c>.</summary>
    public required string Phase { get; init; }
}

/// <summary>
/// Metric points of one or more steps, as columns: <c>values[key][i]</c> belongs to <c>steps[i]</c>.
/// Non-finite values are written as the strings NaN, Infinity and -Infinity.
/// </summary>
public sealed record MetricsRecorded : WorkerEvent
{
    /// <summary>Steps of the points.</summary>
    public IReadOnlyList<int> Steps { get; init; } = [];

    /// <summary>Values by metric key.</summary>
    public IReadOnlyDictionary<string, double[]> Values { get; init; } = new Dictionary<string, double[]>();
}

/// <summary>An evaluation is complete; its predictions are in the run directory.</summary>
public sealed record Evaluated : WorkerEvent
{
    /// <summary>
    /// Metrics that were the members <c>accuracy</c>, <c>macroF1</c> and <c>loss</c> of this event before it had a map, and that workers
    /// before that reported with the metrics of steps too.
    /// </summary>
    public static IReadOnlyList<string> FormerMembers { get; } = [MetricKeys.EvalAccuracy, MetricKeys.EvalMacroF1, MetricKeys.EvalLoss];

    /// <summary>Optimizer steps completed before it.</summary>
    public int Step { get; init; }

    /// <summary>Values by metric key.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Rows predicted correctly.</summary>
    public int Correct { get; init; }

    /// <summary>Rows evaluated.</summary>
    public int Rows { get; init; }

    /// <summary>Share of the most frequent label.</summary>
    public double MajorityBaseline { get; init; }

    /// <summary>Predictions file, relative to the run directory.</summary>
    public required string PredictionsFile { get; init; }

    [JsonInclude]
    [JsonPropertyName("accuracy")]
    private double FormerAccuracy { init => Metrics = With(MetricKeys.EvalAccuracy, value); }

    [JsonInclude]
    [JsonPropertyName("macroF1")]
    private double FormerMacroF1 { init => Metrics = With(MetricKeys.EvalMacroF1, value); }

    [JsonInclude]
    [JsonPropertyName("loss")]
    private double FormerLoss { init => Metrics = With(MetricKeys.EvalLoss, value); }

    /// <summary>Returns the results of a run after this evaluation.</summary>
    public RunSummary AddTo(RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        foreach ((string key, double value) in Metrics)
        {
            summary = summary.After(MetricCatalog.Default.Of(key), Step, value);
        }

        return summary with { Correct = Correct, EvalRows = Rows, MajorityBaseline = MajorityBaseline };
    }

    private Dictionary<string, double> With(string key, double value) => new(Metrics) { [key] = value };
}

/// <summary>A checkpoint is on disk: a later attempt can resume from it.</summary>
public sealed record CheckpointSaved : WorkerEvent
{
    /// <summary>Optimizer steps completed before it.</summary>
    public int Step { get; init; }
}

/// <summary>Memory exceeded the budget for the first time; the run continues, because the device has more.</summary>
public sealed record BudgetExceeded : WorkerEvent
{
    /// <summary>Completed optimizer steps.</summary>
    public int Step { get; init; }

    /// <summary>Memory in use, MiB.</summary>
    public double UsedMb { get; init; }

    /// <summary>The budget, MiB.</summary>
    public int BudgetMb { get; init; }

    /// <summary>Warning in one sentence.</summary>
    [JsonPropertyName("sentence")]
    public required string Message { get; init; }
}

/// <summary>Something went otherwise than asked while the run trained, which continues.</summary>
public sealed record WarningRaised : WorkerEvent
{
    /// <summary>Warning in one sentence.</summary>
    [JsonPropertyName("sentence")]
    public required string Message { get; init; }
}

/// <summary>Last event: the attempt has ended.</summary>
public sealed record AttemptEnded : WorkerEvent
{
    /// <summary>Why it ended.</summary>
    public EndReason Reason { get; init; }

    /// <summary>The error and its remedy, in one sentence; null: none.</summary>
    public string? Error { get; init; }

    /// <summary>Suggested changes for a clone.</summary>
    public IReadOnlyList<RunSuggestion> Suggestions { get; init; } = [];

    /// <summary>Results; some are null if the attempt ended early.</summary>
    public RunSummary Summary { get; init; } = new();
}
