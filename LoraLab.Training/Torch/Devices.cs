using System.Diagnostics;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>The machine's devices, queried without loading libtorch.</summary>
public static class Devices
{
    private const double Mebibyte = 1024 * 1024;

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
        if (DeviceChoice.Backend == "cuda")
        {
            devices.AddRange(Visible(Gpus.OfThisProcess));
        }

        return devices;
    }

    /// <summary>The visible GPUs; without the management library, as the CUDA driver describes them.</summary>
    internal static IEnumerable<DeviceEntry> Visible(Gpus gpus) =>
        gpus.Nvml is Nvml nvml && VisibleGpus.Of(nvml) is { Count: > 0 } visible
            ? Entries(visible)
            : Enumerable.Range(0, gpus.CudaCount).Select(index => (index, Gpu: gpus.Describe(index))).Select(found => new DeviceEntry
            {
                Id = DeviceChoice.NameOf(found.index),
                Name = found.Gpu.Name ?? "NVIDIA GPU",
                TotalMemoryMb = (found.Gpu.TotalBytes ?? 0) / Mebibyte,
                ComputeCapability = found.Gpu.Capability is (int major, int minor) ? $"{major}.{minor}" : null,
            });

    /// <summary>GPUs, in CUDA's numbering, as entries of the API.</summary>
    internal static IEnumerable<DeviceEntry> Entries(IEnumerable<NvmlDevice> visible) => visible.Select((gpu, i) => new DeviceEntry
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

    /// <summary>Total memory of a device, bytes; null if unknown.</summary>
    public static double? TotalMemoryBytes(torch.Device device)
    {
        if (device.type == DeviceType.CUDA)
        {
            return Gpus.OfThisProcess.Describe(device.index).TotalBytes;
        }

        return List()[0].TotalMemoryMb is > 0 and double mebibytes ? mebibytes * Mebibyte : null;
    }

    /// <summary>A warning if the memory of a GPU is unknown, so that nothing limits or measures it; else null.</summary>
    public static string? UnknownMemoryWarning(torch.Device device) =>
        device.type != DeviceType.CUDA
            ? null
            : UnknownMemoryWarning(Gpus.OfThisProcess.Describe(device.index), DeviceChoice.NameOf(device));

    /// <summary>The same for a GPU with its name in documents.</summary>
    internal static string? UnknownMemoryWarning(GpuDescription gpu, string name) => gpu.TotalBytes is not null
        ? null
        : $"The memory of {name} is unknown (neither the CUDA driver nor NVIDIA's management library reports it): "
            + "it limits neither passes nor the run; set memoryBudgetMb, or packTokens if the run ends out of memory.";

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
