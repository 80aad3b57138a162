using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// Counts 2·M·N·K for every product of an [M, K] with a frozen [K, N] matrix that is issued: the arithmetic of a plan without the noise
/// of a clock. Rank-r products, attention and element-wise work are not in it.
/// </summary>
public sealed class FlopLedger : IDisposable
{
    /// <summary>The count, int64, on the CPU: kernels add to it in place.</summary>
    internal Tensor Counter { get; } = zeros(1, int64).DetachFromDisposeScope();

    /// <summary>Floating-point operations so far.</summary>
    public long Total => Counter.item<long>();

    /// <summary>Counts a product.</summary>
    public void Add(long m, long n, long k) => Counter.add_(2 * m * n * k);

    /// <summary>Starts again at zero.</summary>
    public void Reset() => Counter.zero_();

    /// <inheritdoc />
    public void Dispose() => Counter.Dispose();
}
