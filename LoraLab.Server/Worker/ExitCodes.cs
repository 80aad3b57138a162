namespace LoraLab.Server.Worker;

/// <summary>What an exit code says about a process that ended without a word.</summary>
internal static class ExitCodes
{
    private const int SignalBase = 128;

    public static string Describe(int code)
    {
        const string What = "The worker process ended before it said how the run ended";
        return code switch
        {
            0 => $"{What} (exit code 0); see the last lines of its log.",
            SignalBase + 9 => $"{What} (killed by SIGKILL; often the system does that when memory runs out); use a smaller model, batch or rank, or free memory, and run it again.",
            SignalBase + 6 => $"{What} (aborted by SIGABRT, usually a failure in the tensor library); see the last lines of its log.",
            SignalBase + 11 => $"{What} (SIGSEGV, a failure in native code); see the last lines of its log.",
            SignalBase + 15 => $"{What} (ended by SIGTERM from outside); run it again.",
            > SignalBase and < SignalBase + 65 when !OperatingSystem.IsWindows() => $"{What} (signal {code - SignalBase}); see the last lines of its log.",
            _ => $"{What} (exit code {code}); see the last lines of its log.",
        };
    }
}
