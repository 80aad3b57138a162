using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Worker;

/// <summary>Exit codes of the trainer.</summary>
public static class ExitCodes
{
    /// <summary>Success.</summary>
    public const int Success = 0;

    /// <summary>The run or command failed and reported an error.</summary>
    public const int Failure = 1;

    /// <summary>The command line is invalid.</summary>
    public const int BadUsage = 2;

    /// <summary>The run was cancelled.</summary>
    public const int Cancelled = 3;

    /// <summary>The run was left unfinished and can be resumed.</summary>
    public const int Abandoned = 4;

    /// <summary>The estimate exceeds the memory budget.</summary>
    public const int OverBudget = 5;

    /// <summary>The disk is full, and not even the final event could be written.</summary>
    public const int DiskFull = 6;

    /// <summary>Returns the exit code for an end reason; null: left unfinished.</summary>
    public static int FromEndReason(EndReason? reason) => reason switch
    {
        EndReason.Finished or EndReason.EarlyStopped => Success,
        EndReason.Cancelled => Cancelled,
        null => Abandoned,
        _ => Failure,
    };

    /// <summary>Returns the end reason for a worker that exited with <paramref name="code"/> without reporting one.</summary>
    public static EndReason ToEndReason(int code) => code == DiskFull ? EndReason.DiskFull : EndReason.WorkerLost;
}
