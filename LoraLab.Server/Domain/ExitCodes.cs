using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>What an exit code says about a process that ended without a word.</summary>
internal static class ExitCodes
{
    /// <summary>The worker was asked to go by the system, saved a checkpoint and left the run as it is.</summary>
    public const int Abandoned = 4;

    private const int DiskFull = 6;
    private const int SignalBase = 128;

    /// <summary>How a run ends whose process said nothing else.</summary>
    public static EndReason ReasonOf(int code) => code == DiskFull ? EndReason.DiskFull : EndReason.WorkerLost;

    public static string Describe(int code)
    {
        const string What = "The worker process ended before it said how the run ended";
        return code switch
        {
            DiskFull => "The disk is full, and the worker could not even say so in its event file; free some space and resume the run.",
            0 => $"{What} (exit code 0); see the last lines of its log, then resume the run.",
            SignalBase + 9 => $"{What} (killed by SIGKILL; often the system does that when memory runs out); free memory, or use a smaller model, batch or rank, then resume the run, or clone it.",
            SignalBase + 6 => $"{What} (aborted by SIGABRT, usually a failure in the tensor library); see the last lines of its log, then resume the run.",
            SignalBase + 11 => $"{What} (SIGSEGV, a failure in native code); see the last lines of its log, then resume the run.",
            SignalBase + 15 => $"{What} (ended by SIGTERM from outside); resume the run.",
            > SignalBase and < SignalBase + 65 when !OperatingSystem.IsWindows() => $"{What} (signal {code - SignalBase}); see the last lines of its log, then resume the run.",
            _ => $"{What} (exit code {code}); see the last lines of its log, then resume the run.",
        };
    }
}
