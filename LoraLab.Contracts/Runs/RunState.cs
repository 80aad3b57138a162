namespace LoraLab.Contracts.Runs;

/// <summary>States of a run.</summary>
public enum RunState
{
    /// <summary>Waiting for its device.</summary>
    Queued,

    /// <summary>The worker is loading the model and data.</summary>
    Preparing,

    /// <summary>The worker is training or evaluating.</summary>
    Running,

    /// <summary>Cancellation was requested; the worker is stopping.</summary>
    Cancelling,

    /// <summary>Ran to completion.</summary>
    Completed,

    /// <summary>Ended with an error.</summary>
    Failed,

    /// <summary>Stopped on request.</summary>
    Cancelled,

    /// <summary>The server or the worker went down; the run can be resumed.</summary>
    Interrupted,
}

/// <summary>Why a run ended.</summary>
public enum EndReason
{
    /// <summary>All steps were completed.</summary>
    Finished,

    /// <summary>Completed before its last step, because its evaluations no longer improved (<c>earlyStopPatience</c>).</summary>
    EarlyStopped,

    /// <summary>Stopped on request.</summary>
    Cancelled,

    /// <summary>Stopped by a rule of its sweep.</summary>
    Pruned,

    /// <summary>The device ran out of memory.</summary>
    OutOfMemory,

    /// <summary>The loss became NaN or infinite.</summary>
    Diverged,

    /// <summary>The model, the data or the specification cannot be used.</summary>
    BadData,

    /// <summary>The run does not fit its memory budget.</summary>
    BudgetExceeded,

    /// <summary>The disk is full.</summary>
    DiskFull,

    /// <summary>The worker process died.</summary>
    WorkerLost,
}
