namespace LoraLab.Contracts.Runs;

/// <summary>Where a run is in its life.</summary>
public enum RunState
{
    /// <summary>Waits for its device.</summary>
    Queued,

    /// <summary>The worker loads model and data.</summary>
    Preparing,

    /// <summary>The worker trains or evaluates.</summary>
    Running,

    /// <summary>A cancel was asked for; the worker is stopping.</summary>
    Cancelling,

    /// <summary>Finished as specified.</summary>
    Completed,

    /// <summary>Ended with an error.</summary>
    Failed,

    /// <summary>Stopped on request.</summary>
    Cancelled,

    /// <summary>The server or worker went away; may go on later.</summary>
    Interrupted,
}

/// <summary>Why a run ended.</summary>
public enum EndReason
{
    /// <summary>All steps done.</summary>
    Finished,

    /// <summary>Stopped on request.</summary>
    Cancelled,

    /// <summary>Stopped by a sweep's rule.</summary>
    Pruned,

    /// <summary>The device ran out of memory.</summary>
    OutOfMemory,

    /// <summary>The loss became NaN or infinite.</summary>
    Diverged,

    /// <summary>Model, data or specification cannot be used.</summary>
    BadData,

    /// <summary>The memory budget does not hold the run.</summary>
    BudgetExceeded,

    /// <summary>The disk is full.</summary>
    DiskFull,

    /// <summary>The worker process died.</summary>
    WorkerLost,
}
