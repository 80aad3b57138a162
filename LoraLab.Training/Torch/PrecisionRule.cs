using LoraLab.Contracts.Runs;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>
/// The fixed rule behind <c>precision: auto</c>: on a GPU bf16 from compute capability 8.0, else fp16; on a CPU bf16 if it has
/// AVX512-BF16 or AMX and the model has more than 100 M parameters, else fp32. It never depends on timing.
/// </summary>
public static class PrecisionRule
{
    private const long LargeModel = 100_000_000;
    private const int FirstMajorWithBf16 = 8;

    /// <summary>Resolves a requested precision.</summary>
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

        return ForCpu(parameters);
    }

    /// <summary>The rule for the CPU.</summary>
    internal static Precision ForCpu(long parameters) => parameters > LargeModel && CpuHasBf16() ? Precision.Bf16 : Precision.Fp32;

    /// <summary>The rule for a GPU; one that the driver does not describe counts as old.</summary>
    internal static Precision ForGpu(NvmlDevice? gpu) => gpu is { Major: >= FirstMajorWithBf16 } ? Precision.Bf16 : Precision.Fp16;

    /// <summary>A warning about a precision on a device, or null.</summary>
    public static string? Warning(Precision precision, torch.Device device) => precision == Precision.Fp16 && device.type != DeviceType.CUDA
        ? "precision fp16 on a CPU is several times slower than fp32 and bf16 and saves no more memory than bf16; use bf16 or fp32."
        : null;

    /// <summary>Dtype of a precision.</summary>
    public static torch.ScalarType Dtype(Precision precision) => precision switch
    {
        Precision.Bf16 => torch.bfloat16,
        Precision.Fp16 => torch.float16,
        _ => torch.float32,
    };

    /// <summary>
    /// Whether the CPU has bf16 instructions; without them bf16 products are emulated and take minutes where fp32 takes seconds.
    /// </summary>
    public static bool CpuHasBf16()
    {
        const string CpuInfo = "/proc/cpuinfo";
        string? flags = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal))
            : null;
        return flags is not null && flags.Split(' ').Any(flag => flag is "avx512_bf16" or "amx_bf16");
    }
}
