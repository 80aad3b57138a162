namespace LoraLab.Contracts.Runs;

/// <summary>
/// Messages about the end of a run: the error that is stored with it (cause and remedy in one sentence), and the explanation and advice
/// on its page.
/// </summary>
public static class EndMessages
{
    /// <summary>The device ran out of memory.</summary>
    public const string OutOfMemory =
        $"The device ran out of memory: use {LessMemory}; with memoryBudgetMb set, a run that does not fit ends before it trains.";

    /// <summary>The device ran out of memory during a command or a prediction.</summary>
    public const string CommandOutOfMemory =
        "The device ran out of memory: end other programs that use it, or use a smaller model, shorter texts or another device.";

    /// <summary>Two attempts in a row were lost with their server and saved nothing.</summary>
    public const string LostTwice = "The worker and the server died in two attempts in a row before a checkpoint was saved, "
        + "so the run is not retried automatically: check the end of the log and the machine's memory and power, then resume the run.";

    /// <summary>The remedy where only the log can name the cause, without a period.</summary>
    internal const string CheckLog = "check the last lines of its log, then resume the run";

    private const string LessMemory = "a smaller packTokens, effectiveBatch, rank or model, or fewer targetModules";
    private const string Stabilize = "lower learningRate, or set maxGradNorm or warmupSteps";
    private const string FreeSpace = "free some space and resume the run";
    private const string Unusable = "The model, the data or the specification cannot be used";
    private const string FromCheckpoint = "Resume it to continue from the checkpoint at step ";
    private const string Kept = "Everything recorded so far is kept.";

    /// <summary>The error of a run that ends now, before its state changes, where the worker reported none; null: it finished.</summary>
    public static string? For(RunDocument run, EndReason reason) => reason switch
    {
        EndReason.Finished or EndReason.EarlyStopped => null,
        EndReason.Cancelled => Cancelled(run),
        EndReason.Pruned => Pruned(run, run.PruneReason ?? "Stopped by a rule."),
        EndReason.OutOfMemory => OutOfMemory,
        EndReason.Diverged => Diverged("The loss became NaN or infinite"),
        EndReason.BadData => $"{Unusable}: correct the file or field that the last lines of the log name, then resume or clone the run.",
        EndReason.BudgetExceeded =>
            "The run does not fit its memory budget: clone it with a smaller rank, packTokens or model, or raise memoryBudgetMb.",
        EndReason.DiskFull => DiskFull(),
        _ => $"The worker process was lost: {CheckLog}.",
    };

    /// <summary>The error of a run whose device ran out of memory because other programs took it.</summary>
    /// <param name="device">The device.</param>
    /// <param name="takenMb">What they took during the run, MiB.</param>
    public static string OutOfMemoryBesideOthers(string device, double takenMb) =>
        $"The device ran out of memory because other programs took {NumberFormat.Mebibytes(takenMb)} of {device} during the run: stop "
            + "them, then resume the run, which continues from its last checkpoint.";

    /// <summary>The error of a run whose GPU stopped working: it fell off the bus, a kernel crashed, or the driver reset it.</summary>
    /// <param name="detail">What the driver reported, without a period.</param>
    /// <param name="again">What to do first, if not a run was computed.</param>
    public static string DeviceLost(string detail, string again = "resume the run to continue from its last checkpoint") =>
        $"The GPU stopped working ({detail}): {again}, and if that happens again, check the card's temperature, power supply and driver, "
            + "and restart the machine.";

    /// <summary>The error of a run that diverged.</summary>
    /// <param name="observed">Quantity, value and step, without a period.</param>
    public static string Diverged(string observed) => $"{observed}: {Stabilize}.";

    /// <summary>The error of a run that could not write.</summary>
    /// <param name="detail">The system's message or the file; null: unknown.</param>
    public static string DiskFull(string? detail = null) =>
        $"The disk is full{(detail is null ? "" : $" ({detail.TrimEnd('.')})")}: {FreeSpace}.";

    /// <summary>The error of a run whose worker did not obey and was killed.</summary>
    public static string Killed(RunDocument run) => run.CancelBy is null
        ? Cancelled(run)
        : $"Cancelled at step {Position(run)}: its worker did not stop in time and was killed. {HowToResume(run)}";

    /// <summary>The error of a run whose process outlived its server, but is not provably that of this data directory.</summary>
    /// <param name="processId">Its process id as recorded; null: none was.</param>
    public static string NotOurWorker(int? processId) =>
        $"The worker{(processId is int id ? $" (process {id})" : "")} outlived its server and is not provably this data directory's, "
            + "which may be a copy of one that is in use: nothing was stopped; once no other server executes the run, resume it to "
            + "continue from its last checkpoint here.";

    /// <summary>The error of a run that a rule stopped: the rule's own sentence, then how to resume.</summary>
    public static string Pruned(RunDocument run, string rule) => run.Attempts.Count == 0
        ? $"{rule} It had not started; resume it to queue it again."
        : $"{rule} It was stopped at step {Position(run)}. {HowToResume(run)}";

    /// <summary>An error as it reads once the run's checkpoints have been removed.</summary>
    public static string? WithoutCheckpoints(string? error)
    {
        int at = error?.IndexOf(FromCheckpoint, StringComparison.Ordinal) ?? -1;
        int end = at < 0 ? -1 : error!.IndexOf('.', at);
        return end < 0 ? error : $"{error![..at]}Its checkpoints were removed: if resumed, it starts over{error[end..]}";
    }

    /// <summary>The explanation on the run's page; empty where there is nothing to explain.</summary>
    public static string Explanation(RunDocument run) => run.EndReason switch
    {
        EndReason.OutOfMemory =>
            "The device had no memory left for this run. The server is not affected: the worker is a separate process.",
        EndReason.Diverged => "The loss or the gradient became NaN or infinite, so every later step would have been useless. "
            + "The run stopped immediately; its last good checkpoint is kept.",
        EndReason.BadData => $"{Unusable} as it is.",
        EndReason.BudgetExceeded =>
            "The run needs more memory than its budget allows. It ended before training, so only the loading time was lost.",
        EndReason.DiskFull => "There was no space left on the disk for results or checkpoints. Everything written before is intact.",
        EndReason.WorkerLost => "The worker process, or the device that it used, failed. What the worker reported before is the best clue: "
            + "the error, if it names a cause, or else the end of its log.",
        EndReason.Pruned => "A rule of its sweep stopped it early.",
        EndReason.EarlyStopped => run.Summary.EarlyStop ?? "It stopped early, because its evaluations no longer improved.",
        _ => run.State switch
        {
            RunState.Interrupted => $"The server or the machine went down during the run. Nothing is wrong with the run itself. {Kept}",
            RunState.Cancelled => run.Attempts.Count == 0
                ? "It was removed from the queue before it started."
                : $"It was stopped on request. {Kept}",
            _ => "",
        },
    };

    /// <summary>The next steps on the run's page, one per item.</summary>
    public static IReadOnlyList<string> Advice(RunDocument run) => run.EndReason switch
    {
        EndReason.OutOfMemory =>
            [$"Clone it with {LessMemory}.", "Set a memory budget: a run that does not fit then ends before it trains."],
        EndReason.Diverged =>
        [
            "Clone it with a lower learning rate, with gradient clipping or with warmup steps.",
            "Resuming would repeat exactly the same steps, so it is not offered.",
        ],
        EndReason.BadData => ["Correct what the error names, then clone the run; if only files had to be corrected, resume it."],
        EndReason.BudgetExceeded => ["Clone it with one of the changes below, or with a larger budget."],
        EndReason.DiskFull => [$"Free some space on the disk of the file that the error names, then resume the run: {Continuation(run)}."],
        EndReason.WorkerLost => [$"Check the end of the log and the machine's memory, then resume the run: {Continuation(run)}."],
        _ when run.State == RunState.Interrupted =>
            [$"Resume it: {Continuation(run)} and ends with the same numbers as an uninterrupted run."],
        _ when run.State == RunState.Cancelled && run.Attempts.Count > 0 => [$"Resume it if you change your mind: {Continuation(run)}."],
        _ => [],
    };

    private static string Cancelled(RunDocument run) => run.Attempts.Count == 0
        ? "Cancelled before it started; resume it to queue it again."
        : $"Cancelled at step {Position(run)}. {HowToResume(run)}";

    private static string Position(RunDocument run) =>
        NumberFormat.Count(run.Progress.Step) + (run.Progress.TotalSteps > 0 ? $" of {NumberFormat.Count(run.Progress.TotalSteps)}" : "");

    /// <summary>What resuming the run does: its checkpoints may have been removed since its last attempt.</summary>
    private static string Continuation(RunDocument run) => run.Attempts.Count > 0
        && run.Pruned.Any(files => files.Kind == ArtifactKind.Checkpoint && files.At > run.Attempts[^1].StartedAt)
            ? "it starts over (its checkpoints were removed)"
            : "it continues from its last checkpoint";

    private static string HowToResume(RunDocument run) =>
        run.Attempts.Select(attempt => attempt.CheckpointStep).LastOrDefault(step => step is not null) is int saved
            ? $"{FromCheckpoint}{saved}."
            : "No checkpoint was saved: if resumed, it starts over.";
}
