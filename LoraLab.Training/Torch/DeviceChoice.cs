using System.Globalization;
using System.Reflection;
using LoraLab.Training.Errors;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>Turns <c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c> into a device.</summary>
public static class DeviceChoice
{
    private const string Field = "device";

    /// <summary>Build property that chose the tensor library: <c>cpu</c> or <c>cuda</c>.</summary>
    public static string Backend { get; } = typeof(DeviceChoice).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(attribute => attribute.Key == "TorchBackend")?.Value ?? "cpu";

    /// <summary>What is wrong with a device's name before anything is loaded, or null.</summary>
    public static string? Problem(string device)
    {
        if (device is "auto" or "cpu")
        {
            return null;
        }

        if (device != "cuda" && Index(device) is null)
        {
            return $"device '{device}' is not known; use auto, cpu, cuda or cuda:N.";
        }

        return Backend == "cuda" ? null : $"device '{device}' needs a build with CUDA: build with -p:TorchBackend=cuda, or use cpu.";
    }

    /// <summary>The device; <c>auto</c> is the first GPU where there is one, else the CPU.</summary>
    /// <exception cref="RunFailure">The device is not there.</exception>
    public static torch.Device Resolve(string device)
    {
        if (Problem(device) is string problem)
        {
            throw RunFailure.BadData(problem, Field);
        }

        TorchRuntime.EnsureLoaded();
        if (device == "cpu" || (device == "auto" && !HasCuda()))
        {
            return torch.CPU;
        }

        int index = Index(device) ?? 0;
        int count = HasCuda() ? torch.cuda.device_count() : 0;
        return index < count
            ? new torch.Device(DeviceType.CUDA, index)
            : throw RunFailure.BadData(
                count == 0
                    ? $"device '{device}' is not there: no CUDA device answers; check the driver with the doctor command, or use cpu."
                    : $"device '{device}' is not there: this machine has cuda:0 to cuda:{count - 1}.",
                Field);
    }

    private static bool HasCuda() => Backend == "cuda" && torch.cuda.is_available();

    private static int? Index(string device) =>
        device.StartsWith("cuda:", StringComparison.Ordinal)
        && int.TryParse(device.AsSpan("cuda:".Length), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            ? index
            : null;
}
