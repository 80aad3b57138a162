using System.Diagnostics;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>The machine's devices, queried without loading libtorch.</summary>
public static class Devices
{
    private const double Mebibyte = 1024 * 1024;

    // Kept for the lifetime of the process: initializing the library for every query can take a second on an idle GPU.
    private static readonly Lazy<Nvml?> _driver = new(Nvml.TryOpen);

    /// <summary>The CPU, and the GPUs if this build supports them.</summary>
    public static IReadOnlyList<DeviceEntry> List()
    {
        ControlGroup group = ControlGroup.Read();
        double? total = MachineMemoryMb()?.Total;
        double? limit = group.MemoryBytes / Mebibyte is double granted && !(total <= granted) ? granted : null;
        List<DeviceEntry> devices =
        [
            new()
            {
                Id = "cpu",
                Name = CpuName(group),
                // The runtime's own number is that of its heap where a limit is set.
                TotalMemoryMb = limit ?? (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / Mebibyte),
                UsedMemoryMb = limit is null ? UsedSystemMemoryMb() : group.MemoryUsedBytes / Mebibyte,
            },
        ];
        if (DeviceChoice.Backend == "cuda" && _driver.Value is Nvml nvml)
        {
            devices.AddRange(Gpus(VisibleGpus.Of(nvml)));
        }

        return devices;
    }

    /// <summary>GPUs, in CUDA's numbering, as entries of the API.</summary>
    internal static IEnumerable<DeviceEntry> Gpus(IEnumerable<NvmlDevice> visible) => visible.Select((gpu, i) => new DeviceEntry
    {
        Id = DeviceChoice.NameOf(i),
        Name = gpu.Name,
        TotalMemoryMb = gpu.TotalBytes / Mebibyte,
        UsedMemoryMb = gpu.UsedBytes / Mebibyte,
        ComputeCapability = gpu.Major > 0 ? $"{gpu.Major}.{gpu.Minor}" : null,
        Utilization = gpu.Utilization,
        TemperatureCelsius = gpu.TemperatureCelsius,
        PowerWatts = gpu.PowerWatts,
    });

    /// <summary>Product name of a device, or null if it does not exist.</summary>
    public static string? Name(string id) => List().FirstOrDefault(device => device.Id == id)?.Name;

    /// <summary>Total memory of a device, bytes; 0 if unknown.</summary>
    public static double TotalMemoryBytes(torch.Device device)
    {
        string id = DeviceChoice.NameOf(device);
        return (List().FirstOrDefault(entry => entry.Id == id)?.TotalMemoryMb ?? 0) * Mebibyte;
    }

    private static string CpuName(ControlGroup group)
    {
        const string CpuInfo = "/proc/cpuinfo";
        string? model = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
                ?.Split(':', 2)[1].Trim()
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return $"{model ?? "CPU"} ({group.Threads(Environment.ProcessorCount)} threads)";
    }

    private static double? UsedSystemMemoryMb()
    {
        if (MachineMemoryMb() is (double total, double available))
        {
            return total - available;
        }

        using Process self = Process.GetCurrentProcess();
        return self.WorkingSet64 / Mebibyte;
    }

    private static (double Total, double Available)? MachineMemoryMb()
    {
        const string MemInfo = "/proc/meminfo";
        if (!File.Exists(MemInfo))
        {
            return null;
        }

        Dictionary<string, double> kilobytes = File.ReadLines(MemInfo).Take(3)
            .Select(line => line.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries))
            .ToDictionary(parts => parts[0], parts => double.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
        return (kilobytes["MemTotal"] / 1024, kilobytes["MemAvailable"] / 1024);
    }
}
