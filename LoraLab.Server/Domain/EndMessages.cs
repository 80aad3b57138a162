using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Domain;

/// <summary>What is said of a run's end where the worker left no sentence of its own: what happened, and what to do.</summary>
internal static class EndMessages
{
    private const int SignalBase = 128;

    /// <summary>The sentence for a process that ended without a word, from its exit code.</summary>
    public static string OfExit(int code)
    {
        const string What = "The worker process ended before it said how the run ended";
        return code switch
        {
            ExitCodes.DiskFull => "The disk is full, and the worker could not even say so in its event file; free some space and resume the run.",
            0 => $"{What} (exit code 0); see the last lines of its log, then resume the run.",
            SignalBase + 9 => $"{What} (killed by SIGKILL; often the system does that when memory runs out); free memory, or use a smaller model, batch or rank, then resume the run, or clone it.",
            SignalBase + 6 => $"{What} (aborted by SIGABRT, usually a failure in the tensor library); see the last lines of its log, then resume the run.",
            SignalBase + 11 => $"{What} (SIGSEGV, a failure in native code); see the last lines of its log, then resume the run.",
            SignalBase + 15 => $"{What} (ended by SIGTERM from outside); resume the run.",
            > SignalBase and < SignalBase + 65 when !OperatingSystem.IsWindows() => $"{What} (signal {code - SignalBase}); see the last lines of its log, then resume the run.",
            _ => $"{What} (exit code {code}); see the last lines of its log, then resume the run.",
        };
    }

    /// <summary>The sentence for a run that ends now, before its state changes; null: nothing needs to be said.</summary>
    public static string? For(RunDocument run, EndReason reason) => reason switch
    {
        EndReason.Finished => null,
        EndReason.Cancelled => Cancelled(run),
        EndReason.Pruned => Pruned(run, run.Pruning ?? "Stopped by a rule."),
        EndReason.OutOfMemory => "The device ran out of memory; use a smaller packTokens, effectiveBatch, rank or model, or fewer targetModules, and clone the run.",
        EndReason.Diverged => "The loss became NaN or infinite; clone the run with a lower learningRate, or with maxGradNorm or warmupSteps.",
        EndReason.BadData => "Model, data or specification cannot be used; the last lines of the log name the file or field. Put it right and resume or clone the run.",
        EndReason.BudgetExceeded => "The run does not fit into its memory budget; clone it with a smaller rank, packTokens or model, or raise memoryBudgetMb.",
        EndReason.DiskFull => "The disk is full; free some space and resume the run.",
        _ => "The worker process was lost; see the last lines of its log, then resume the run.",
    };

    /// <summary>The sentence for a run whose worker did not obey and was killed.</summary>
    public static string Killed(RunDocument run) => run.CancelBy is null
        ? Cancelled(run)
        : $"Cancelled at step {run.Progress.Step}{Of(run)}: its worker did not stop in time and was killed. {Next(run)}";

    /// <summary>The sentence for a run that a rule stopped, behind the rule's own.</summary>
    public static string Pruned(RunDocument run, string rule) => run.Attempts.Count == 0
        ? $"{rule} It had not begun; resume it to queue it again."
        : $"{rule} It was stopped at step {run.Progress.Step}{Of(run)}. {Next(run)}";

    private static string Cancelled(RunDocument run) => run.Attempts.Count == 0
        ? "Cancelled before it began; resume it to queue it again."
        : $"Cancelled at step {run.Progress.Step}{Of(run)}. {Next(run)}";

    private static string Of(RunDocument run) => run.Progress.TotalSteps > 0 ? $" of {run.Progress.TotalSteps}" : "";

    private static string Next(RunDocument run) => run.Attempts.Select(attempt => attempt.CheckpointStep).LastOrDefault(step => step is not null) is int saved
        ? $"Resume it to go on from the checkpoint at step {saved}."
        : "No checkpoint was saved: resumed, it begins again.";
}
