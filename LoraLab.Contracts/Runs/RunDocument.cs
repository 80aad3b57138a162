using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Runs;

/// <summary>A run as the API shows it.</summary>
public sealed record RunDocument
{
    /// <summary>Version of this document's shape.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Short sortable id.</summary>
    public required string Id { get; init; }

    /// <summary>Display name; never an identity.</summary>
    public required string Name { get; init; }

    /// <summary>Free text.</summary>
    public string? Notes { get; init; }

    /// <summary>Labels to filter by.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Higher goes first in the queue.</summary>
    public int Priority { get; init; }

    /// <summary>Colour of the run in every chart and export, as <c>#rrggbb</c>; assigned once.</summary>
    public required string Color { get; init; }

    /// <summary>Where the run is in its life.</summary>
    public RunState State { get; init; }

    /// <summary>Why it ended; null while it has not.</summary>
    public EndReason? EndReason { get; init; }

    /// <summary>Why a failed or cancelled run ended, and what to do; null in every other state.</summary>
    public string? Error { get; init; }

    /// <summary>Last lines of the log of a run that ended before it was finished.</summary>
    public IReadOnlyList<string> LogTail { get; init; } = [];

    /// <summary>Changes with which a clone of a failed run may succeed; empty where the worker knows none.</summary>
    public IReadOnlyList<RunSuggestion> Suggestions { get; init; } = [];

    /// <summary>Things worth knowing that do not stop the run.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The specification with every value as it was used.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>How far it is.</summary>
    public RunProgress Progress { get; init; } = new();

    /// <summary>Executions of the run, oldest first.</summary>
    public IReadOnlyList<RunAttempt> Attempts { get; init; } = [];

    /// <summary>Results so far.</summary>
    public RunSummary Summary { get; init; } = new();

    /// <summary>Files that were removed to save space, oldest first: nothing goes silently.</summary>
    public IReadOnlyList<PrunedFiles> Pruned { get; init; } = [];

    /// <summary>Position in the queue from 1; null when not queued.</summary>
    public int? QueuePosition { get; init; }

    /// <summary>Id of the run it was cloned from.</summary>
    public string? ClonedFrom { get; init; }

    /// <summary>Id of the study that it belongs to; null: none.</summary>
    public string? StudyId { get; init; }

    /// <summary>Id of the sweep that it belongs to; null: none.</summary>
    public string? SweepId { get; init; }

    /// <summary>Submission time, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Start of the first attempt, UTC.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>End, UTC; null while it has not ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When a worker that does not obey the cancel is killed, UTC; null unless the run is being cancelled.</summary>
    public DateTimeOffset? CancelBy { get; init; }

    /// <summary>Why a rule of a sweep or study is stopping the run, in one sentence; null unless one is.</summary>
    [JsonPropertyName("pruning")]
    public string? PruneReason { get; init; }
}

/// <summary>How far a run is.</summary>
public sealed record RunProgress
{
    /// <summary>Optimizer steps done.</summary>
    public int Step { get; init; }

    /// <summary>Optimizer steps in all; 0 until known.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Seconds to the end by the pace so far; null until known.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>What the worker is doing: <c>loading</c>, <c>training</c>, <c>evaluating</c>, <c>saving</c>.</summary>
    public string? Phase { get; init; }

    /// <summary>The worker has not moved for much longer than it should need; it is still alive.</summary>
    public bool Stalled { get; init; }
}

/// <summary>One execution of a run by a worker process.</summary>
public sealed record RunAttempt
{
    /// <summary>1 for the first.</summary>
    public int Number { get; init; }

    /// <summary>Operating-system process id of the worker.</summary>
    public int? ProcessId { get; init; }

    /// <summary>When that process started, UTC; with the id it names the process for good.</summary>
    public DateTimeOffset? ProcessStartedAt { get; init; }

    /// <summary>Device lane that ran it.</summary>
    public string? Device { get; init; }

    /// <summary>Start, UTC.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>End, UTC.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Last event number imported from the attempt's file.</summary>
    public long LastEvent { get; init; }

    /// <summary>Optimizer steps of earlier attempts that it went on from; null until it began to train.</summary>
    public int? ResumedFrom { get; init; }

    /// <summary>Optimizer steps in the last checkpoint that it saved; null: it saved none.</summary>
    public int? CheckpointStep { get; init; }

    /// <summary>How it ended; null while it has not, and where nobody decided it.</summary>
    public EndReason? EndReason { get; init; }

    /// <summary>One sentence on what went wrong; null when nothing did.</summary>
    public string? Error { get; init; }

    /// <summary>Its process was gone without a last word, server and all.</summary>
    public bool Lost { get; init; }

    /// <summary>What the worker found and chose; null until it said so.</summary>
    public RunEnvironment? Environment { get; init; }
}

/// <summary>Machine and choices of an attempt.</summary>
public sealed record RunEnvironment
{
    /// <summary>Device used, for example <c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Name of the device.</summary>
    public string? DeviceName { get; init; }

    /// <summary>Precision of the base weights that was used.</summary>
    public Precision Precision { get; init; }

    /// <summary>Sentences per forward pass that was used.</summary>
    public int MicroBatch { get; init; }

    /// <summary>Tokens per forward pass at most; null where the worker did not say.</summary>
    public int? PackTokens { get; init; }

    /// <summary>Whether what the sentences of a pass have in common at their beginning is computed once.</summary>
    public bool SharedPrefix { get; init; }

    /// <summary>Threads of the tensor library.</summary>
    public int Threads { get; init; }

    /// <summary>Versions of LoraLab, .NET, TorchSharp, libtorch and the operating system.</summary>
    public IReadOnlyDictionary<string, string> Versions { get; init; } = new Dictionary<string, string>();

    /// <summary>Number of token pieces of each label, in label order.</summary>
    public IReadOnlyDictionary<string, int> LabelPieces { get; init; } = new Dictionary<string, int>();

    /// <summary>Training rows of each label in the subset.</summary>
    public IReadOnlyDictionary<string, int> TrainLabels { get; init; } = new Dictionary<string, int>();

    /// <summary>Evaluation rows of each label.</summary>
    public IReadOnlyDictionary<string, int> EvalLabels { get; init; } = new Dictionary<string, int>();

    /// <summary>Where the memory figure comes from, for example <c>peak resident set</c>.</summary>
    public string MemorySource { get; init; } = "";

    /// <summary>Peak of the gradient of the window that needs most, computed before the first step and thrown away, MiB; null: not measured.</summary>
    public double? ProbeMemoryMb { get; init; }
}

/// <summary>States after which nothing happens any more by itself.</summary>
public static class RunStates
{
    /// <summary>True for completed, failed, cancelled and interrupted.</summary>
    public static bool IsTerminal(this RunState state) =>
        state is RunState.Completed or RunState.Failed or RunState.Cancelled or RunState.Interrupted;
}
