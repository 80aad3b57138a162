using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Worker;

/// <summary>A line on the worker's stdin. End of input means that the server is gone.</summary>
public sealed record WorkerCommand
{
    /// <summary>Run directory to execute; it holds <c>spec.json</c>.</summary>
    [JsonPropertyName("run")]
    public string? RunDirectory { get; init; }

    /// <summary>Attempt number, from 1; the attempt's folder is <c>attempts/{number:0000}</c> in the run directory.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>Input files as they were when the run was queued; the worker warns about those that changed. Empty: not recorded.</summary>
    public IReadOnlyList<FileSnapshot> Files { get; init; } = [];

    /// <summary>
    /// Until when the worker may live unless a later line extends it: milliseconds of the machine's monotonic clock
    /// (<see cref="MonotonicClock"/>); it begins to stop in time to be gone by then. Null: as long as stdin is open.
    /// </summary>
    public long? Until { get; init; }

    /// <summary>True to stop as soon as possible.</summary>
    public bool Cancel { get; init; }
}

/// <summary>Names of the files in a run directory.</summary>
public static class RunFiles
{
    /// <summary>Effective specification, in the run directory.</summary>
    public const string Spec = "spec.json";

    /// <summary>Fingerprint, in the run directory: a <see cref="Runs.RunFingerprint"/>.</summary>
    public const string Fingerprint = "fingerprint.json";

    /// <summary>
    /// Evaluation rows as text, in the run directory: a <see cref="Tasks.EvaluationRow"/> per line, in evaluation order. Runs of earlier
    /// versions have none.
    /// </summary>
    public const string EvaluationRows = "evaluation-rows.jsonl";

    /// <summary>Folder of the adapter in the PEFT layout, in the run directory.</summary>
    public const string Adapter = "adapter";

    /// <summary>
    /// Folder of the adapter of the best evaluation, in the run directory; missing where the best evaluation was the last one.
    /// </summary>
    public const string BestAdapter = "adapter-best";

    /// <summary>Folder of the model into which the adapter is merged, in the run directory.</summary>
    public const string Merged = "merged";

    /// <summary>Folder of the model into which the adapter of the best evaluation is merged, in the run directory.</summary>
    public const string MergedBest = "merged-best";

    /// <summary>Folder of the checkpoints, in the run directory.</summary>
    public const string Checkpoints = "checkpoints";

    /// <summary>Folder of the predictions, in the run directory.</summary>
    public const string Predictions = "predictions";

    /// <summary>Events of an attempt, in its folder.</summary>
    public const string Events = "events.jsonl";

    /// <summary>Log of an attempt, in its folder.</summary>
    public const string Log = "log.txt";

    /// <summary>Folder of an attempt, relative to the run directory.</summary>
    public static string Attempt(int number) => $"attempts/{number:0000}";

    /// <summary>
    /// Predictions of an evaluation, relative to the run directory: CSV with the prediction columns of the run's task.
    /// </summary>
    public static string PredictionsAt(int step) => $"{Predictions}/step-{step:000000}.csv";
}
