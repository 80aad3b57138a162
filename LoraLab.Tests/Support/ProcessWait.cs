using System.Diagnostics;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>Waits for what processes do.</summary>
internal static class ProcessWait
{
    /// <summary>Whether a process runs.</summary>
    public static bool Lives(int id)
    {
        try
        {
            using Process process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Waits until a condition holds; fails if it does not in time.</summary>
    public static async Task UntilAsync(Func<bool> holds, TimeSpan patience)
    {
        for (Stopwatch waited = Stopwatch.StartNew(); !holds(); await Polling.PauseAsync(waited))
        {
            Assert.True(waited.Elapsed < patience, "The condition was not met in time.");
        }
    }
}
