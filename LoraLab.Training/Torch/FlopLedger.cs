using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// Counts 2·M·N·K for every issued product of an [M, K] matrix with a frozen [K, N] matrix: a measure of work without timing noise.
/// Rank-r products, attention and element-wise operations are not counted.
/// </summary>
public sealed class FlopLedger : IDisposable
{
    /// <summary>The count, int64, on the CPU; kernels add to it in place.</summary>
    internal Tensor Counter { get; } = zeros(1, int64).DetachFromDisposeScope();

    /// <summary>FLOPs counted so far.</summary>
    public long Total => Counter.item<long>();

    /// <summary>Counts a product.</summary>
    public void Add(long m, long n, long k) => Counter.PlusInPlace(2 * m * n * k);

    /// <summary>Resets the count to zero.</summary>
    public void Reset() => Counter.zero_();

    /// <inheritdoc />
    public void Dispose() => Counter.Dispose();
}
