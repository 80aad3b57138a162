using System.Diagnostics;

namespace LoraLab.Benchmarks.Protocol;

/// <summary>Seconds that something took.</summary>
/// <param name="Wall">On the clock on the wall.</param>
/// <param name="Cpu">Of all threads of this process; null where another process did the work.</param>
internal readonly record struct Duration(double Wall, double? Cpu)
{
    /// <summary>Times an action.</summary>
    public static Duration Of(Action action)
    {
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long started = Stopwatch.GetTimestamp();
        action();
        return new(Stopwatch.GetElapsedTime(started).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    /// <summary>Seconds on a clock; the wall's where there is no other.</summary>
    public double On(Clock clock) => clock == Clock.Cpu ? Cpu ?? Wall : Wall;
}

/// <summary>Which clock a ratio is taken on.</summary>
internal enum Clock
{
    /// <summary>The clock on the wall.</summary>
    Wall,

    /// <summary>The process's CPU time: with one thread it is the wall time of a machine that does nothing else.</summary>
    Cpu,
}
