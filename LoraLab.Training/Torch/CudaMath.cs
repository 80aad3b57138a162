using LoraLab.Contracts.Runs;
using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>Precision of GPU arithmetic: the full precision of the dtype, so that a run means the same on every card.</summary>
internal static class CudaMath
{
    /// <summary>
    /// Disables TF32, which keeps only 10 mantissa bits in products, and sums of fp16 and bf16 products in the precision of their factors.
    /// </summary>
    public static void DisableReducedPrecision()
    {
        torch.backends.cuda.matmul.allow_tf32 = false;
        torch.backends.cudnn.allow_tf32 = false;
        torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = false;
        _ = LibtorchContext.DisableReducedBf16Sums();
    }

    /// <summary>A warning if sums of bf16 products could not be made exact on a GPU; else null.</summary>
    public static string? Warning(Precision precision, torch.Device device) =>
        precision == Precision.Bf16 && device.type == DeviceType.CUDA && LibtorchContext.ReducesBf16Sums != false
            ? $"libtorch {torch.__version__} may add up bf16 products in bf16, because it does not export the setting; use precision fp16 "
                + "or fp32 where the last digits matter."
            : null;
}
