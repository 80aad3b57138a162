using System.Diagnostics;

namespace LoraLab.Benchmarks.Protocol;

/// <summary>Clock of a ratio.</summary>
internal enum Clock
{
    /// <summary>Wall time.</summary>
    Wall,

    /// <summary>CPU time of the process; with one thread it equals the wall time on an idle machine.</summary>
    Cpu,
}

/// <summary>A duration in seconds.</summary>
/// <param name="Wall">Wall time.</param>
/// <param name="Cpu">CPU time of all threads of this process; null if another process did the work.</param>
internal readonly record struct Duration(double Wall, double? Cpu)
{
    /// <summary>Times an action.</summary>
    public static Duration Measure(Action action)
    {
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long started = Stopwatch.GetTimestamp();
        action();
        return new(Stopwatch.GetElapsedTime(started).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    /// <summary>Seconds on a clock; wall time if there is no CPU time.</summary>
    public double On(Clock clock) => clock == Clock.Cpu ? Cpu ?? Wall : Wall;
}
