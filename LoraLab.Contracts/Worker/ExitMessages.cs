using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Worker;

/// <summary>
/// Errors of runs whose worker exited without reporting how they ended; see <see cref="EndMessages"/> for those that did.
/// </summary>
public static class ExitMessages
{
    private const int SignalBase = 128;
    private const string Unreported = "The worker process exited without reporting how the run ended";

    /// <summary>Cause and remedy for an exit code; 128 + n is signal n, as Unix shells report it.</summary>
    public static string For(int code) => code switch
    {
        ExitCodes.DiskFull => EndMessages.DiskFull("not even the event file could be written"),
        SignalBase + 9 => $"{Unreported} (killed by SIGKILL, often because the system ran out of memory): "
            + "free memory, or use a smaller model, batch or rank, then resume the run, or clone it.",
        SignalBase + 6 => $"{Unreported} (aborted by SIGABRT, usually a failure in the tensor library): {EndMessages.CheckLog}.",
        SignalBase + 11 => $"{Unreported} (SIGSEGV, a crash in native code): {EndMessages.CheckLog}.",
        SignalBase + 15 => $"{Unreported} (terminated from outside by SIGTERM): resume the run.",
        > SignalBase and < SignalBase + 65 when !OperatingSystem.IsWindows() =>
            $"{Unreported} (signal {code - SignalBase}): {EndMessages.CheckLog}.",
        _ => $"{Unreported} (exit code {code}): {EndMessages.CheckLog}.",
    };
}
