using LoraLab.Training.Adapters;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>The tensors of one block in the order that the kernels expect. It owns only its handles on gradients.</summary>
internal sealed class BlockTensors : IDisposable
{
    private const int FactorsPerLinear = 5;
    private const int GradientsPerLinear = 3;
    private readonly List<Tensor> _gradients = [];
    private static readonly int[][] _subBlocks = [[6], [4, 5], [3], [0, 1, 2]];

    /// <summary>A block with its current adapters.</summary>
    public BlockTensors(LlamaBlock block, Tensor empty)
    {
        Weights = [block.AttentionNorm.Weight_D, block.MlpNorm.Weight_D, .. block.Linears.Select(linear => linear.Weight_OI)];
        Adapters = [.. block.Linears.Select(linear => linear.Adapter)];
        Factors = new Tensor[FactorsPerLinear * Adapters.Count];
        Gradients = new Tensor[GradientsPerLinear * Adapters.Count];
        for (int i = 0; i < Adapters.Count; i++)
        {
            LowRankAdapter? adapter = Adapters[i];
            ExtractedFactors? extracted = adapter?.Extracted is { InBranch: true } inBranch ? inBranch : null;
            Tensor?[] factors = [adapter?.A_RI, adapter?.B_OR, adapter?.R_RR, extracted?.A_RI, extracted?.B_OR];
            Tensor?[] gradients = [Gradient(adapter?.A_RI), Gradient(adapter?.B_OR), Gradient(adapter?.R_RR)];
            factors.Select(factor => factor ?? empty).ToArray().CopyTo(Factors, FactorsPerLinear * i);
            gradients.Select(gradient => gradient ?? empty).ToArray().CopyTo(Gradients, GradientsPerLinear * i);
        }

        BackwardDepth = 1 + Array.FindLastIndex(_subBlocks, linears => linears.Any(linear => Adapters[linear] is not null));
    }

    /// <summary>The weights of two norms and seven linears.</summary>
    public Tensor[] Weights { get; }

    /// <summary>A, B, R, A₀, B₀ of each linear; an absent one is an empty tensor.</summary>
    public Tensor[] Factors { get; }

    /// <summary>Gradients of A, B, R of each linear; an absent one is an empty tensor.</summary>
    public Tensor[] Gradients { get; }

    /// <summary>The adapter of each linear, or null.</summary>
    public IReadOnlyList<LowRankAdapter?> Adapters { get; }

    /// <summary>How far back gradients are needed for the block's adapters: 0 none, 1 down, 2 gate or up, 3 o, 4 q, k or v.</summary>
    public int BackwardDepth { get; }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (Tensor gradient in _gradients)
        {
            gradient.Dispose();
        }
    }

    // Every access to grad returns a new handle owned by the current dispose scope; these must live as long as this object.
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
