using LoraLab.Contracts.Runs;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>
/// The fixed rule behind <c>precision: auto</c>: on a GPU bf16 from compute capability 8.0, else fp16 (fp32 if the driver does
/// not say); on a CPU bf16 if it has
/// AVX512-BF16 or AMX and the model has more than 100 M parameters, else fp32. It never depends on timing.
/// </summary>
public static class PrecisionRule
{
    private const long LargeModel = 100_000_000;

    /// <summary>Resolves a requested precision.</summary>
    public static Precision Resolve(Precision requested, torch.Device device, long parameters) =>
        requested != Precision.Auto ? requested
            : device.type == DeviceType.CUDA ? ForGpu(Gpus.OfThisProcess.Describe(device.index))
            : ForCpu(parameters);

    /// <summary>The rule for the CPU.</summary>
    internal static Precision ForCpu(long parameters) => parameters > LargeModel && CpuHasBf16() ? Precision.Bf16 : Precision.Fp32;

    /// <summary>The rule for a GPU; one of unknown compute capability gets fp32, which every GPU has.</summary>
    internal static Precision ForGpu(GpuDescription gpu) => gpu.HasBf16 switch
    {
        true => Precision.Bf16,
        false => Precision.Fp16,
        null => Precision.Fp32,
    };

    /// <summary>The precision of half the memory that advice may name: bf16 where the device has it or is a CPU, else fp16.</summary>
    public static Precision Half(torch.Device device) =>
        device.type == DeviceType.CUDA ? Half(Gpus.OfThisProcess.Describe(device.index)) : Precision.Bf16;

    /// <summary>The same for a GPU.</summary>
    internal static Precision Half(GpuDescription gpu) => gpu.HasBf16 == true ? Precision.Bf16 : Precision.Fp16;

    /// <summary>A warning about a precision on a device, or null.</summary>
    /// <param name="requested">The precision of the specification.</param>
    /// <param name="used">What it became.</param>
    /// <param name="device">The device.</param>
    public static string? Warning(Precision requested, Precision used, torch.Device device) => device.type == DeviceType.CUDA
        ? WarningForGpu(requested, used, Gpus.OfThisProcess.Describe(device.index))
        : used == Precision.Fp16
            ? "precision fp16 on a CPU is several times slower than fp32 and bf16 and saves no more memory than bf16; use bf16 or fp32."
            : null;

    /// <summary>The warning for a GPU.</summary>
    internal static string? WarningForGpu(Precision requested, Precision used, GpuDescription gpu)
    {
        if (requested == Precision.Auto && gpu.Capability is null)
        {
            return "The compute capability of the GPU is unknown (neither the CUDA driver nor NVIDIA's management library reports it), so "
                + "precision auto is fp32; set precision fp16, or bf16 from compute capability 8.0 on, to use half the memory.";
        }

        return used == Precision.Bf16 && gpu is { HasBf16: false, Capability: (int major, int minor) }
            ? $"precision bf16 is emulated on this GPU, which has compute capability {major}.{minor} (bf16 needs 8.0), and is several "
                + "times slower than fp16; use fp16."
            : null;
    }

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
