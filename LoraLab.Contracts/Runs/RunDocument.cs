using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Runs;

/// <summary>A run as returned by the API.</summary>
public sealed record RunDocument
{
    /// <summary>Schema version of this document.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Short sortable id.</summary>
    public required string Id { get; init; }

    /// <summary>Display name; not unique.</summary>
    public required string Name { get; init; }

    /// <summary>Free text.</summary>
    public string? Notes { get; init; }

    /// <summary>Tags to filter by.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Queue priority; higher runs first.</summary>
    public int Priority { get; init; }

    /// <summary>Color of the run in every chart and export, <c>#rrggbb</c>; assigned once.</summary>
    public required string Color { get; init; }

    /// <summary>State of the run.</summary>
    public RunState State { get; init; }

    /// <summary>Why the run ended; null: it has not.</summary>
    public EndReason? EndReason { get; init; }

    /// <summary>Why a failed or cancelled run ended and what to do about it; null in every other state.</summary>
    public string? Error { get; init; }

    /// <summary>Last log lines of a run that ended early.</summary>
    public IReadOnlyList<string> LogTail { get; init; } = [];

    /// <summary>Suggested changes for a clone of a failed run; empty: none.</summary>
    public IReadOnlyList<RunSuggestion> Suggestions { get; init; } = [];

    /// <summary>Warnings that do not stop the run.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Id of the task that its dataset is for.</summary>
    public string Task { get; init; } = "classification";

    /// <summary>
    /// Key of the metric by which the run is compared, which its dataset determines; null in documents of earlier versions: the primary one
    /// of the task.
    /// </summary>
    public string? Metric { get; init; }

    /// <summary>The effective specification, with every value as used.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>Progress of the run.</summary>
    public RunProgress Progress { get; init; } = new();

    /// <summary>Executions of the run, oldest first.</summary>
    public IReadOnlyList<RunAttempt> Attempts { get; init; } = [];

    /// <summary>Results so far.</summary>
    public RunSummary Summary { get; init; } = new();

    /// <summary>Files deleted to save space, oldest first.</summary>
    public IReadOnlyList<PrunedFiles> Pruned { get; init; } = [];

    /// <summary>Position in the queue, from 1; null: not queued.</summary>
    public int? QueuePosition { get; init; }

    /// <summary>Id of the run it was cloned from.</summary>
    public string? ClonedFrom { get; init; }

    /// <summary>
    /// Name of the API key with which the run, or its study or sweep, was submitted; null: by the server itself, or by a version that did
    /// not record it.
    /// </summary>
    public string? SubmittedBy { get; init; }

    /// <summary>Names that refer to the run's adapter until they are moved; each belongs to one run.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Id of the study that owns the run; null: none.</summary>
    public string? StudyId { get; init; }

    /// <summary>Id of the sweep that owns the run; null: none.</summary>
    public string? SweepId { get; init; }

    /// <summary>Submission time, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Start of the first attempt, UTC.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>End, UTC; null: it has not ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When a worker that ignores the cancellation is killed, UTC; null unless the run is being cancelled.</summary>
    public DateTimeOffset? CancelBy { get; init; }

    /// <summary>Why a rule of a sweep or study is stopping the run, in one sentence; null: none is.</summary>
    [JsonPropertyName("pruning")]
    public string? PruneReason { get; init; }
}

/// <summary>Progress of a run.</summary>
public sealed record RunProgress
{
    /// <summary>Completed optimizer steps.</summary>
    public int Step { get; init; }

    /// <summary>Total optimizer steps; 0 until known.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Estimated seconds remaining, from the timing so far; null until known.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>Phase of the worker: <c>loading</c>, <c>training</c>, <c>evaluating</c> or <c>saving</c>.</summary>
    public string? Phase { get; init; }

    /// <summary>True if the worker is alive but has made no progress for much longer than a step takes.</summary>
    public bool Stalled { get; init; }
}

/// <summary>An execution of a run by a worker process.</summary>
public sealed record RunAttempt
{
    /// <summary>1 for the first.</summary>
    public int Number { get; init; }

    /// <summary>Operating-system process id of the worker.</summary>
    public int? ProcessId { get; init; }

    /// <summary>Start time of that process, UTC; together with the id it identifies the process uniquely.</summary>
    public DateTimeOffset? ProcessStartedAt { get; init; }

    /// <summary>Device of the lane that ran it.</summary>
    public string? Device { get; init; }

    /// <summary>Name of the node that ran it; null: an earlier version, which did not record it.</summary>
    public string? Node { get; init; }

    /// <summary>Start, UTC.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>End, UTC.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Number of the last event imported from the attempt's file.</summary>
    public long LastEvent { get; init; }

    /// <summary>Optimizer steps of earlier attempts from which it resumed; null until training starts.</summary>
    public int? ResumedFrom { get; init; }

    /// <summary>Completed optimizer steps at its last checkpoint; null: none was saved.</summary>
    public int? CheckpointStep { get; init; }

    /// <summary>Why it ended; null: it has not, or the reason is undecided.</summary>
    public EndReason? EndReason { get; init; }

    /// <summary>Error in one sentence; null: none.</summary>
    public string? Error { get; init; }

    /// <summary>True if its process died together with the server, without a final event.</summary>
    public bool Lost { get; init; }

    /// <summary>Machine and settings reported by the worker; null until reported.</summary>
    public RunEnvironment? Environment { get; init; }
}

/// <summary>Machine and effective settings of an attempt.</summary>
public sealed record RunEnvironment
{
    /// <summary>Device, for example <c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Name of the device.</summary>
    public string? DeviceName { get; init; }

    /// <summary>Effective precision of the base weights.</summary>
    public Precision Precision { get; init; }

    /// <summary>Form of the weights of the linear layers, also where the checkpoint stores them in four bits.</summary>
    public BaseWeights BaseWeights { get; init; }

    /// <summary>Effective number of sentences per forward pass.</summary>
    public int MicroBatch { get; init; }

    /// <summary>Maximum tokens per forward pass; null: not reported.</summary>
    public int? PackTokens { get; init; }

    /// <summary>True if the shared prefix of the sentences of a pass is computed once.</summary>
    public bool SharedPrefix { get; init; }

    /// <summary>Number of threads of the tensor library.</summary>
    public int Threads { get; init; }

    /// <summary>Versions of LoraLab, .NET, TorchSharp, libtorch and the operating system.</summary>
    public IReadOnlyDictionary<string, string> Versions { get; init; } = new Dictionary<string, string>();

    /// <summary>Number of tokens per label, in label order.</summary>
    public IReadOnlyDictionary<string, int> LabelPieces { get; init; } = new Dictionary<string, int>();

    /// <summary>Training rows per label in the subset.</summary>
    public IReadOnlyDictionary<string, int> TrainLabels { get; init; } = new Dictionary<string, int>();

    /// <summary>Evaluation rows per label.</summary>
    public IReadOnlyDictionary<string, int> EvalLabels { get; init; } = new Dictionary<string, int>();

    /// <summary>Chosen rows that <c>tooLong: drop</c> left out; null: another setting.</summary>
    public RowCounts? DroppedRows { get; init; }

    /// <summary>Chosen rows that <c>tooLong: truncate</c> shortened; null: another setting.</summary>
    public RowCounts? TruncatedRows { get; init; }

    /// <summary>
    /// Source of the memory figure, for example <c>peak resident set</c>; "with pool": with all that the process took on the GPU before.
    /// </summary>
    public string MemorySource { get; init; } = "";

    /// <summary>
    /// Memory held once the model is loaded and the adapters are initialized, MiB; null: not measured. On a GPU, it includes what loading
    /// and decompositions have freed, which the tensor library keeps, so that a peak no higher than this says nothing about the steps.
    /// </summary>
    public double? LoadMemoryMb { get; init; }

    /// <summary>
    /// Peak memory of the probe, MiB: the gradient of the window that needs the most memory, computed before the first step and discarded;
    /// null: not measured.
    /// </summary>
    public double? ProbeMemoryMb { get; init; }

    /// <summary>
    /// Peak memory of the calibration of the method before training, MiB; null: there was none, or its factors were cached.
    /// </summary>
    public double? CalibrationMemoryMb { get; init; }

    /// <summary>Commit of the model's revision, on which the run resumes; null: the model was not downloaded by revision.</summary>
    public string? ModelRevision { get; init; }

    /// <summary>Commit of the dataset's revision, on which the run resumes; null: the dataset was not downloaded by revision.</summary>
    public string? DatasetRevision { get; init; }
}

/// <summary>Extensions of <see cref="RunState"/>.</summary>
public static class RunStates
{
    /// <summary>Returns true for completed, failed, cancelled and interrupted.</summary>
    public static bool IsTerminal(this RunState state) =>
        state is RunState.Completed or RunState.Failed or RunState.Cancelled or RunState.Interrupted;

    /// <summary>Returns true for preparing, running and cancelling.</summary>
    public static bool IsActive(this RunState state) => state is RunState.Preparing or RunState.Running or RunState.Cancelling;
}
