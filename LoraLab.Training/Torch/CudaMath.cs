using TorchSharp;

namespace LoraLab.Training.Torch;

/// <summary>How GPUs calculate: as exactly as the element type allows, because a run must mean the same on every card.</summary>
internal static class CudaMath
{
    /// <summary>No TF32 (its products keep 10 bits of the fraction), and no sums of fp16 products in fp16.</summary>
    public static void DisableReducedPrecision()
    {
        torch.backends.cuda.matmul.allow_tf32 = false;
        torch.backends.cudnn.allow_tf32 = false;
        torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = false;
    }
}
