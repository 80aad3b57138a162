using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>Precision of GPU arithmetic: the full precision of the dtype, so that a run means the same on every card.</summary>
internal static class CudaMath
{
    /// <summary>Disables TF32, which keeps only 10 mantissa bits in products, and fp16 accumulation of fp16 products.</summary>
    public static void DisableReducedPrecision()
    {
        torch.backends.cuda.matmul.allow_tf32 = false;
        torch.backends.cudnn.allow_tf32 = false;
        torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = false;
    }
}
