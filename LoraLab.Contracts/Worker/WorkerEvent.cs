using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Worker;

/// <summary>
/// What a worker tells: one JSON object a line, appended to <c>events.jsonl</c> of the attempt before stdout repeats it.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(AttemptStarted), "started")]
[JsonDerivedType(typeof(RunPrepared), "prepared")]
[JsonDerivedType(typeof(ProgressMade), "progress")]
[JsonDerivedType(typeof(MetricsRecorded), "metrics")]
[JsonDerivedType(typeof(Evaluated), "evaluated")]
[JsonDerivedType(typeof(CheckpointSaved), "checkpoint")]
[JsonDerivedType(typeof(BudgetExceeded), "overBudget")]
[JsonDerivedType(typeof(AttemptEnded), "ended")]
public abstract record WorkerEvent
{
    /// <summary>Number within the attempt, from 1 without gaps.</summary>
    [JsonPropertyName("n")]
    public long Number { get; init; }

    /// <summary>When, UTC.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>First event: the worker process has begun.</summary>
public sealed record AttemptStarted : WorkerEvent
{
    /// <summary>Operating-system process id.</summary>
    public int ProcessId { get; init; }
}

/// <summary>Model and data are loaded and the adapters are in place; training begins.</summary>
public sealed record RunPrepared : WorkerEvent
{
    /// <summary>The specification with every value as it is used.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>Machine and choices.</summary>
    public required RunEnvironment Environment { get; init; }

    /// <summary>Optimizer steps in all.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Optimizer steps of earlier attempts that this one goes on from; its points take the place of theirs behind it.</summary>
    public int ResumedFrom { get; init; }

    /// <summary>Results up to there; null when it begins from the start.</summary>
    public RunSummary? Summary { get; init; }

    /// <summary>Trainable parameters, counted from the live model.</summary>
    public long TrainableParameters { get; init; }

    /// <summary>All parameters, adapters included.</summary>
    public long TotalParameters { get; init; }

    /// <summary>Seconds to load and initialise.</summary>
    public double LoadSeconds { get; init; }

    /// <summary>Things worth knowing that do not stop the run.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>How far the worker is; at most a few a second.</summary>
public sealed record ProgressMade : WorkerEvent
{
    /// <summary>Optimizer steps done.</summary>
    public int Step { get; init; }

    /// <summary>Optimizer steps in all; 0 until known.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Seconds to the end; null until known.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary><c>loading</c>, <c>training</c>, <c>evaluating</c> or <c>saving</c>.</summary>
    public required string Phase { get; init; }
}

/// <summary>
/// Points of one or more steps, as columns: <c>values[key][i]</c> belongs to <c>steps[i]</c>.
/// Values that are not finite are written as the words NaN, Infinity and -Infinity.
/// </summary>
public sealed record MetricsRecorded : WorkerEvent
{
    /// <summary>Steps of the points.</summary>
    public IReadOnlyList<int> Steps { get; init; } = [];

    /// <summary>Values by metric key.</summary>
    public IReadOnlyDictionary<string, double[]> Values { get; init; } = new Dictionary<string, double[]>();
}

/// <summary>An evaluation is done; its predictions are in the run directory.</summary>
public sealed record Evaluated : WorkerEvent
{
    /// <summary>Optimizer steps done before it.</summary>
    public int Step { get; init; }

    /// <summary>Accuracy in [0, 1].</summary>
    public double Accuracy { get; init; }

    /// <summary>Unweighted mean of the class F1 scores.</summary>
    public double MacroF1 { get; init; }

    /// <summary>Mean of minus the true label's score.</summary>
    public double Loss { get; init; }

    /// <summary>Rows right.</summary>
    public int Correct { get; init; }

    /// <summary>Rows evaluated.</summary>
    public int Rows { get; init; }

    /// <summary>Share of the most frequent label.</summary>
    public double MajorityBaseline { get; init; }

    /// <summary>Predictions file, relative to the run directory.</summary>
    public required string PredictionsFile { get; init; }
}

/// <summary>A checkpoint is on the disk: a later attempt can go on from here.</summary>
public sealed record CheckpointSaved : WorkerEvent
{
    /// <summary>Optimizer steps done before it.</summary>
    public int Step { get; init; }
}

/// <summary>Memory went above the budget for the first time; the run goes on, because the device has more.</summary>
public sealed record BudgetExceeded : WorkerEvent
{
    /// <summary>Optimizer steps done.</summary>
    public int Step { get; init; }

    /// <summary>Memory in use, MiB.</summary>
    public double UsedMb { get; init; }

    /// <summary>The budget, MiB.</summary>
    public int BudgetMb { get; init; }

    /// <summary>One sentence that says so.</summary>
    [JsonPropertyName("sentence")]
    public required string Message { get; init; }
}

/// <summary>Last event: how the attempt ended.</summary>
public sealed record AttemptEnded : WorkerEvent
{
    /// <summary>Why.</summary>
    public EndReason Reason { get; init; }

    /// <summary>One sentence that says what went wrong and what to do; null when nothing did.</summary>
    public string? Error { get; init; }

    /// <summary>Changes with which a clone may succeed.</summary>
    public IReadOnlyList<RunSuggestion> Suggestions { get; init; } = [];

    /// <summary>Results; partly null when the attempt ended early.</summary>
    public RunSummary Summary { get; init; } = new();
}
