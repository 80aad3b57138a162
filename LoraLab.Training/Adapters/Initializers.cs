using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// Initial values of factors. Each tensor has its own random stream, seeded by its name, so that values do not depend on
/// the order in which modules are initialized.
/// </summary>
public static class Initializers
{
    /// <summary>U(−1/√fanIn, 1/√fanIn): Kaiming uniform with a = √5, as used by LoRA's authors and PEFT; fanIn is the last axis.</summary>
    public static Tensor KaimingUniform(string name, long seed, long rows, long columns, Device device) =>
        Uniform(name, seed, rows, columns, 1 / Math.Sqrt(columns), device);

    /// <summary>U(−bound, bound).</summary>
    public static Tensor Uniform(string name, long seed, long rows, long columns, double bound, Device device)
    {
        using Generator generator = Stream(name, seed);
        return rand(rows, columns, dtype: float32, generator: generator).TimesInPlace(2 * bound).PlusInPlace(-bound).to(device);
    }

    /// <summary>N(0, deviation²).</summary>
    public static Tensor Gaussian(string name, long seed, long rows, long columns, double deviation, Device device)
    {
        using Generator generator = Stream(name, seed);
        return randn(rows, columns, dtype: float32, generator: generator).TimesInPlace(deviation).to(device);
    }

    /// <summary>Zeros.</summary>
    public static Tensor Zero(long rows, long columns, Device device) => zeros(rows, columns, float32, device);

    // Drawn on the CPU regardless of the device, so that a seed gives the same values everywhere.
    private static Generator Stream(string name, long seed) => new((ulong)StableSeed.From(seed, name), CPU);
}
