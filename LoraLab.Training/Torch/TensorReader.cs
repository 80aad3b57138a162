using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// Reads tensors into managed memory, which synchronizes with the device: the only place where the engine does. TorchSharp's own accessor
/// keeps a copy alive per call.
/// </summary>
public static class TensorReader
{
    [ThreadStatic]
    private static long _reads;

    /// <summary>Number of reads on this thread; each synchronizes with a GPU.</summary>
    public static long Reads => _reads;

    /// <summary>The values as floats, in row-major order.</summary>
    public static float[] Floats(Tensor values) => Read<float>(values, float32);

    /// <summary>The values as doubles, in row-major order.</summary>
    public static double[] Doubles(Tensor values) => Read<double>(values, float64);

    private static T[] Read<T>(Tensor values, ScalarType dtype)
        where T : unmanaged
    {
        _reads++;
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor plain = values.detach().to(dtype).cpu().contiguous();
        return MemoryMarshal.Cast<byte, T>(plain.bytes).ToArray();
    }
}
