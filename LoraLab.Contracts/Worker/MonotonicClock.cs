using System.Diagnostics;

namespace LoraLab.Contracts.Worker;

/// <summary>The machine's monotonic clock, which all of its processes read alike, whatever happens to the time of day.</summary>
public static class MonotonicClock
{
    /// <summary>Milliseconds since some moment before all processes began.</summary>
    public static long Now => (long)(Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency * 1000);
}
