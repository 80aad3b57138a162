using LoraLab.Training.Files.Errors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// The choice of the kernel set: that of the device, unless <c>LORALAB_KERNELS</c> (<c>cpu</c> or <c>gpu</c>) or a test chooses. On the CPU
/// the kernels of a GPU can be run to check them before there is a GPU.
/// </summary>
internal static class Kernels
{
    /// <summary>Name of the environment variable.</summary>
    public const string Variable = "LORALAB_KERNELS";

    private static readonly AsyncLocal<KernelSet?> _chosen = new();

    /// <summary>The kernel set for tensors on a device.</summary>
    /// <exception cref="RunFailure">The environment variable has an unknown value, or one that does not suit the device.</exception>
    public static KernelSet For(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return _chosen.Value ?? Resolve(Environment.GetEnvironmentVariable(Variable), device.type == DeviceType.CUDA);
    }

    /// <summary>Chooses a kernel set for what the calling thread, and what it starts, does until the result is disposed.</summary>
    public static IDisposable Choose(KernelSet kernels)
    {
        KernelSet? before = _chosen.Value;
        _chosen.Value = kernels;
        return new Choice(before);
    }

    /// <summary>The kernel set for a value of the environment variable.</summary>
    internal static KernelSet Resolve(string? value, bool gpu) => (value, gpu) switch
    {
        (null or "", _) => gpu ? KernelSet.Gpu : KernelSet.Cpu,
        ("gpu", _) => KernelSet.Gpu,
        ("cpu", false) => KernelSet.Cpu,
        ("cpu", true) => throw RunFailure.BadData(
            $"{Variable}=cpu does not work on a GPU, which has no such kernels: unset it, or choose the device 'cpu'."),
        _ => throw RunFailure.BadData($"{Variable} must be 'cpu' or 'gpu', not '{value}': unset it for the kernels of the device."),
    };

    private sealed class Choice(KernelSet? before) : IDisposable
    {
        public void Dispose() => _chosen.Value = before;
    }
}
