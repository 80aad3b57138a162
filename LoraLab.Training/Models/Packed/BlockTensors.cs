using LoraLab.Training.Adapters;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>The tensors of one block in the order that the kernels take them. It owns none but its handles on gradients.</summary>
internal sealed class BlockTensors : IDisposable
{
    private const int FactorsEach = 5;
    private const int GradientsEach = 3;
    private readonly List<Tensor> _gradients = [];
    private static readonly int[][] _subBlocks = [[6], [4, 5], [3], [0, 1, 2]];

    /// <summary>A block with the adapters that are on it.</summary>
    public BlockTensors(LlamaBlock block, Tensor absent)
    {
        Weights = [block.AttentionNorm.Weight_D, block.MlpNorm.Weight_D, .. block.Linears.Select(linear => linear.Weight_OI)];
        Adapters = [.. block.Linears.Select(linear => linear.Adapter)];
        Factors = new Tensor[FactorsEach * Adapters.Count];
        Gradients = new Tensor[GradientsEach * Adapters.Count];
        for (int i = 0; i < Adapters.Count; i++)
        {
            LowRankAdapter? adapter = Adapters[i];
            ExtractedFactors? taken = adapter?.Taken is { FromBranch: true } branch ? branch : null;
            Tensor?[] factors = [adapter?.A_RI, adapter?.B_OR, adapter?.R_RR, taken?.A_RI, taken?.B_OR];
            Tensor?[] gradients = [Gradient(adapter?.A_RI), Gradient(adapter?.B_OR), Gradient(adapter?.R_RR)];
            factors.Select(factor => factor ?? absent).ToArray().CopyTo(Factors, FactorsEach * i);
            gradients.Select(gradient => gradient ?? absent).ToArray().CopyTo(Gradients, GradientsEach * i);
        }

        LowestAdapted = 1 + Array.FindLastIndex(_subBlocks, linears => linears.Any(linear => Adapters[linear] is not null));
    }

    /// <summary>Two norms and seven linears.</summary>
    public Tensor[] Weights { get; }

    /// <summary>For each linear A, B, R, A₀, B₀, empty where absent.</summary>
    public Tensor[] Factors { get; }

    /// <summary>For each linear the gradients of A, B, R, empty where absent.</summary>
    public Tensor[] Gradients { get; }

    /// <summary>For each linear its adapter.</summary>
    public IReadOnlyList<LowRankAdapter?> Adapters { get; }

    /// <summary>How far back adapters reach: 0 there are none, 1 down, 2 gate or up, 3 o, 4 q, k or v.</summary>
    public int LowestAdapted { get; }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (Tensor gradient in _gradients)
        {
            gradient.Dispose();
        }
    }

    // Each look at grad is a new handle of the scope in which it happens; these live as long as this does.
    private Tensor? Gradient(Tensor? factor)
    {
        Tensor? gradient = factor?.grad?.DetachFromDisposeScope();
        if (gradient is not null)
        {
            _gradients.Add(gradient);
        }

        return gradient;
    }
}
