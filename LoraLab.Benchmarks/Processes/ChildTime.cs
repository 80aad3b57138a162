using System.Runtime.InteropServices;

namespace LoraLab.Benchmarks.Processes;

/// <summary>CPU time of all ended child processes of this process, including their children.</summary>
internal static partial class ChildTime
{
    private const int Children = -1;
    private const int Words = 18;

    /// <summary>Seconds so far; null if the system does not report them.</summary>
    public static double? Seconds
    {
        get
        {
            if (!OperatingSystem.IsLinux())
            {
                return null;
            }

            // struct rusage: user and system time, seconds and microseconds each, then fourteen counts.
            long[] usage = new long[Words];
            return GetResourceUsage(Children, usage) == 0 ? usage[0] + usage[2] + ((usage[1] + usage[3]) / 1e6) : null;
        }
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetResourceUsage(int who, [Out] long[] usage);
}
