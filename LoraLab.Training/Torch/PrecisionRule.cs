using LoraLab.Contracts.Runs;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>
/// The fixed rule behind <c>precision: auto</c>: on a GPU bf16 from compute capability 8.0 on, fp16 below; on a CPU bf16 where it
/// has AVX512-BF16 or AMX and the model more than 100 M parameters, else fp32. Never a timing.
/// </summary>
public static class PrecisionRule
{
    private const long LargeModel = 100_000_000;
    private const int FirstMajorWithBf16 = 8;

    /// <summary>The precision that is used for what was asked.</summary>
    public static Precision Resolve(Precision requested, torch.Device device, long parameters)
    {
        bool gpu = device.type == DeviceType.CUDA;
        if (requested != Precision.Auto)
        {
            return requested;
        }

        if (gpu)
        {
            using Nvml? nvml = Nvml.TryOpen();
            return ForGpu(VisibleGpus.At(nvml, device.index));
        }

        return parameters > LargeModel && CpuHasBf16() ? Precision.Bf16 : Precision.Fp32;
    }

    /// <summary>The rule for a GPU; one that the driver does not describe counts as an old one.</summary>
    internal static Precision ForGpu(NvmlDevice? gpu) => gpu is { Major: >= FirstMajorWithBf16 } ? Precision.Bf16 : Precision.Fp16;

    /// <summary>What is worth knowing about a precision on a device, or null.</summary>
    public static string? Warning(Precision precision, torch.Device device) => precision == Precision.Fp16 && device.type != DeviceType.CUDA
        ? "precision fp16 on a CPU is several times slower than fp32 and bf16, and saves no more memory than bf16."
        : null;

    /// <summary>Element type of a precision.</summary>
    public static torch.ScalarType Dtype(Precision precision) => precision switch
    {
        Precision.Bf16 => torch.bfloat16,
        Precision.Fp16 => torch.float16,
        _ => torch.float32,
    };

    /// <summary>
    /// Whether this machine's CPU computes in bf16; elsewhere such products are emulated, and take minutes where fp32's take seconds.
    /// </summary>
    public static bool CpuHasBf16()
    {
        const string CpuInfo = "/proc/cpuinfo";
        string? flags = File.Exists(CpuInfo) ? File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) : null;
        return flags is not null && flags.Split(' ').Any(flag => flag is "avx512_bf16" or "amx_bf16");
    }
}
