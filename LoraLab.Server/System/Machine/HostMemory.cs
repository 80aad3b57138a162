using System.Globalization;
using System.Runtime.InteropServices;
using LoraLab.Files;

namespace LoraLab.Server.System.Machine;

/// <summary>Used and total memory, in MiB: of the machine, or of this server's control group where that has less.</summary>
internal static class HostMemory
{
    private const double Mebi = 1024 * 1024;

    public static (double Used, double Total) Read()
    {
        if (OperatingSystem.IsLinux() && File.Exists("/proc/meminfo"))
        {
            (double used, double total) = ReadProc();
            return ControlGroup.Read() is { MemoryBytes: { } limit } group && limit / Mebi < total
                ? ((group.MemoryUsedBytes ?? used * Mebi) / Mebi, limit / Mebi)
                : (used, total);
        }

        if (OperatingSystem.IsWindows())
        {
            MemoryStatus status = new() { Length = (uint)Marshal.SizeOf<MemoryStatus>() };
            if (GlobalMemoryStatusEx(ref status))
            {
                return ((status.TotalPhysical - status.AvailablePhysical) / Mebi, status.TotalPhysical / Mebi);
            }
        }

        GCMemoryInfo info = GC.GetGCMemoryInfo();
        return (info.MemoryLoadBytes / Mebi, info.TotalAvailableMemoryBytes / Mebi);
    }

    private static (double Used, double Total) ReadProc()
    {
        Dictionary<string, double> kibi = [];
        foreach (string line in File.ReadLines("/proc/meminfo"))
        {
            string[] parts = line.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length > 1 && double.TryParse(parts[1], CultureInfo.InvariantCulture, out double value))
            {
                kibi[parts[0]] = value;
            }
        }

        double total = kibi.GetValueOrDefault("MemTotal") / 1024;
        return (total - (kibi.GetValueOrDefault("MemAvailable") / 1024), total);
    }

    [DllImport("kernel32.dll", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool GlobalMemoryStatusEx(ref MemoryStatus status);

    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryStatus
    {
        public uint Length;
        public uint Load;
        public ulong TotalPhysical;
        public ulong AvailablePhysical;
        public ulong TotalPageFile;
        public ulong AvailablePageFile;
        public ulong TotalVirtual;
        public ulong AvailableVirtual;
        public ulong AvailableExtendedVirtual;
    }
}
