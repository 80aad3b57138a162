using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// The tensors of one block by the places that their roles have in the arguments of the kernels. It owns only its handles on gradients.
/// </summary>
internal sealed class BlockTensors : IDisposable
{
    private static readonly int _linears = Enum.GetValues<LinearRole>().Length;
    private static readonly int _norms = Enum.GetValues<NormRole>().Length;
    private static readonly int _factors = FactorDescription.All.Count;
    private readonly List<Tensor> _gradients = [];

    /// <summary>A block with its current adapters; a part that it does not have is <paramref name="empty"/>.</summary>
    public BlockTensors(LlamaBlock block, Tensor empty)
    {
        Weights = [.. Enumerable.Repeat(empty, (2 * _linears) + _norms)];
        Factors = [.. Enumerable.Repeat(empty, _linears * _factors)];
        Gradients = [.. Enumerable.Repeat(empty, _linears * _factors)];
        LowRankAdapter?[] adapters = new LowRankAdapter?[_linears];
        foreach ((BlockNorm description, RmsNorm norm) in block.Description.Norms.Zip(block.Norms))
        {
            Weights[_linears + (int)description.Role] = norm.Gain_D;
        }

        foreach ((BlockLinear description, LinearLayer linear) in block.Description.Linears.Zip(block.Linears))
        {
            int place = (int)description.Role;
            (Weights[place], adapters[place]) = (linear.Weight_OI, linear.Adapter);
            Weights[_linears + _norms + place] = linear.Bias_O ?? empty;
            foreach (AdapterFactor factor in linear.Adapter is null ? [] : FactorDescription.All)
            {
                Tensor? value = linear.Adapter!.InBranch(factor);
                int at = (_factors * place) + (int)factor;
                (Factors[at], Gradients[at]) = (value ?? empty, Gradient(value) ?? empty);
            }
        }

        Adapters = adapters;
        Window = block.Window ?? 0;
        LowestAdapted = block.Description.Lowest(linear => adapters[(int)linear.Role] is not null);
    }

    /// <summary>Weights of the linear layers, then gains of the norms, then biases of the linear layers.</summary>
    public Tensor[] Weights { get; }

    /// <summary>All factors of each linear layer; an absent one is an empty tensor.</summary>
    public Tensor[] Factors { get; }

    /// <summary>The gradient of each of <see cref="Factors"/>; that of an absent or frozen one is an empty tensor.</summary>
    public Tensor[] Gradients { get; }

    /// <summary>The adapter of each linear layer, or null.</summary>
    public IReadOnlyList<LowRankAdapter?> Adapters { get; }

    /// <summary>Place of the block's rotary tables among those of the model.</summary>
    public required int Rotary { get; init; }

    /// <summary>Number of tokens that a token sees, itself included; 0: all before it.</summary>
    public int Window { get; }

    /// <summary>The lowest group with an adapter, where the backward pass may end; null: there is no adapter.</summary>
    public LinearGroup? LowestAdapted { get; }

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
