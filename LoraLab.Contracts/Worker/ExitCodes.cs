using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Worker;

/// <summary>Exit codes of the trainer.</summary>
public static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>The run or command failed; a sentence said why.</summary>
    public const int Failure = 1;

    /// <summary>The command line is wrong.</summary>
    public const int BadUsage = 2;

    /// <summary>The run was cancelled.</summary>
    public const int Cancelled = 3;

    /// <summary>The run was left unfinished.</summary>
    public const int Abandoned = 4;

    /// <summary>The estimate is above the memory budget.</summary>
    public const int OverBudget = 5;

    /// <summary>The disk is full, and even that could not be written.</summary>
    public const int DiskFull = 6;

    /// <summary>The code for the end of a run; null: left unfinished.</summary>
    public static int FromEndReason(EndReason? reason) => reason switch
    {
        EndReason.Finished => Success,
        EndReason.Cancelled => Cancelled,
        null => Abandoned,
        _ => Failure,
    };

    /// <summary>How a run ends whose worker exited with <paramref name="code"/> and said nothing else.</summary>
    public static EndReason ToEndReason(int code) => code == DiskFull ? EndReason.DiskFull : EndReason.WorkerLost;
}
