using System.Globalization;
using System.Runtime.InteropServices;

namespace LoraLab.Server.System.Machine;

/// <summary>CPU load of the whole machine between two reads.</summary>
internal sealed class CpuMeter
{
    private (double Busy, double Total)? _before;

    /// <summary>Load in [0, 1] since the last call; null on the first call and where the system does not report it.</summary>
    public double? Read()
    {
        (double Busy, double Total)? now = OperatingSystem.IsLinux() ? ReadProc() : OperatingSystem.IsWindows() ? ReadWindows() : null;
        double? load = now is { } a && _before is { } b && a.Total > b.Total
            ? Math.Clamp((a.Busy - b.Busy) / (a.Total - b.Total), 0, 1)
            : null;
        _before = now;
        return load;
    }

    private static (double Busy, double Total)? ReadProc()
    {
        string? line = File.Exists("/proc/stat") ? File.ReadLines("/proc/stat").FirstOrDefault() : null;
        if (line is null || !line.StartsWith("cpu ", StringComparison.Ordinal))
        {
            return null;
        }

        double[] ticks = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
        double total = ticks.Sum();
        double idle = ticks[3] + (ticks.Length > 4 ? ticks[4] : 0);
        return (total - idle, total);
    }

    private static (double Busy, double Total)? ReadWindows() =>
        // Kernel time includes idle time.
        GetSystemTimes(out long idle, out long kernel, out long user) ? (kernel + user - idle, kernel + user) : null;

    [DllImport("kernel32.dll", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool GetSystemTimes(out long idle, out long kernel, out long user);
}
