using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Components;

/// <summary>What the end of a run means and what can be done about it, in plain words.</summary>
internal static class EndMessages
{
    /// <summary>What happened.</summary>
    internal static string Meaning(RunDocument run) => run.EndReason switch
    {
        EndReason.OutOfMemory => "The device had no more memory for what the run asked for. Nothing is wrong with the server: the worker was a process of its own.",
        EndReason.Diverged => "Loss or gradient became NaN or infinite, so every later step would have been worthless. The run stopped at once; its last good checkpoint is kept.",
        EndReason.BadData => "The model, the data or the specification cannot be used as it is.",
        EndReason.BudgetExceeded => "The run needs more memory than its budget allows. It ended before it trained, so nothing was lost but the time to load it.",
        EndReason.DiskFull => "There was no room left on the disk for results or checkpoints. What was written before is whole.",
        EndReason.WorkerLost => "The worker process ended without saying why. The end of its log is the best clue.",
        EndReason.Pruned => "A rule of its sweep stopped it early.",
        _ => run.State switch
        {
            RunState.Interrupted => "The server or the machine went away while the run was going on. Nothing is wrong with the run itself; what it had recorded is kept.",
            RunState.Cancelled => run.Attempts.Count == 0 ? "It was taken out of the queue before it began." : "Somebody stopped it. What it had recorded is kept.",
            _ => "",
        },
    };

    /// <summary>What to do, one thing a line.</summary>
    internal static IEnumerable<string> Advice(RunDocument run) => run.EndReason switch
    {
        EndReason.OutOfMemory => ["Clone it with smaller passes (packTokens), a smaller rank or fewer target modules.", "Set a memory budget: a run that does not fit then ends before it trains."],
        EndReason.Diverged => ["Clone it with a lower learning rate, with gradient clipping or with some warm-up steps.", "Resuming would take the very same steps again, so it is not offered."],
        EndReason.BadData => ["Correct what the sentence names, then clone the run; where only files had to be corrected, resume it."],
        EndReason.BudgetExceeded => ["Clone it with one of the changes below, or with a larger budget."],
        EndReason.DiskFull => ["Free some space in the data directory, then resume the run: it goes on from its last checkpoint."],
        EndReason.WorkerLost => ["Look at the end of the log and at the machine's memory, then resume the run: it goes on from its last checkpoint."],
        _ when run.State == RunState.Interrupted => ["Resume it: it goes on from its last checkpoint and ends with the same numbers as if nothing had happened."],
        _ when run.State == RunState.Cancelled && run.Attempts.Count > 0 => ["Resume it if you change your mind: it goes on from its last checkpoint."],
        _ => [],
    };
}
