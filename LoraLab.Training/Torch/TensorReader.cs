using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>Reads tensors into managed memory. TorchSharp's own accessor keeps a copy alive for every call.</summary>
public static class TensorReader
{
    /// <summary>The values as floats, in row-major order; on a GPU this waits for it.</summary>
    public static float[] Floats(Tensor values)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor plain = values.detach().to(float32).cpu().contiguous();
        return MemoryMarshal.Cast<byte, float>(plain.bytes).ToArray();
    }
}
