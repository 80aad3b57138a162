using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Torch;
using LoraLab.Training.Torch.Quantization;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// The tensors of one block by the places that their roles have in the arguments of the kernels. It owns only its handles on gradients and
/// what is computed from the tensors of adapters.
/// </summary>
internal sealed class BlockTensors : IDisposable
{
    private static readonly int _linears = Enum.GetValues<LinearRole>().Length;
    private static readonly int _norms = Enum.GetValues<NormRole>().Length;
    private static readonly int _factors = FactorDescription.All.Count;
    private readonly Tensor _empty;
    private readonly List<Tensor> _gradients = [];
    private readonly List<ComputedLayer> _eachWindow = [];
    private readonly List<ComputedLayer> _eachPass = [];

    /// <summary>A block with its current adapters.</summary>
    /// <param name="block">The block.</param>
    /// <param name="trained">The weights of the model, if they are trained; null: they are frozen.</param>
    /// <param name="empty">Stands for a part that the block does not have.</param>
    /// <param name="memory">Memory for the numbers of weights in four bits; null: there are none.</param>
    public BlockTensors(LlamaBlock block, TrainedWeights? trained, Tensor empty, DenseMemory? memory)
    {
        _empty = empty;
        Weights = [.. Enumerable.Repeat(empty, (2 * _linears) + _norms)];
        Weights = memory is null ? Weights : [.. Weights, .. Quantized(block, empty), .. memory.Tensors];
        Factors = [.. Enumerable.Repeat(empty, _linears * _factors)];
        Gradients = [.. Enumerable.Repeat(empty, (_linears * _factors) + _norms)];
        LinearLayer?[] adapted = new LinearLayer?[_linears];
        double[] scales = new double[_linears];
        foreach ((BlockNorm description, RmsNorm norm) in block.Description.Norms.Zip(block.Norms))
        {
            Weights[_linears + (int)description.Role] = norm.Gain_D;
            Gradients[(_linears * _factors) + (int)description.Role] = Owned(trained?.Gradient(norm.Weight_D)) ?? empty;
        }

        foreach ((BlockLinear description, LinearLayer linear) in block.Description.Linears.Zip(block.Linears))
        {
            int place = (int)description.Role;
            Reset(place, linear);
            Set(place, AdapterFactor.WeightDelta, null, Owned(trained?.Gradient(linear.Weight_OI)));
            Set(place, AdapterFactor.BiasDelta, null, linear.Bias_O is Tensor bias_O ? Owned(trained?.Gradient(bias_O)) : null);
            if (linear.Adapter is Adapter adapter)
            {
                (adapted[place], scales[place]) = (linear, adapter.Scaling);
                Add(adapter, linear, place);
            }
        }

        Scales = tensor(scales, dtype: float64).DetachFromDisposeScope();
        Adapted = adapted;
        Window = block.Window ?? 0;
        Lowest = block.Description.Lowest(linear => adapted[(int)linear.Role] is not null || HasGradient((int)linear.Role));
    }

    /// <summary>
    /// Weights of the linear layers, then gains of the norms, then biases of the linear layers, and for weights in four bits the parts of
    /// each and the memory for their numbers.
    /// </summary>
    public Tensor[] Weights { get; }

    /// <summary>All factors of each linear layer; an absent one is an empty tensor.</summary>
    public Tensor[] Factors { get; }

    /// <summary>
    /// The gradient of each of <see cref="Factors"/>, then those of the gains of the norms; that of an absent or frozen one is an empty
    /// tensor.
    /// </summary>
    public Tensor[] Gradients { get; }

    /// <summary>s of each linear layer, float64 on the CPU.</summary>
    public Tensor Scales { get; }

    /// <summary>The linear layers that have an adapter, by place; null elsewhere.</summary>
    public IReadOnlyList<LinearLayer?> Adapted { get; }

    /// <summary>Place of the block's rotary tables among those of the model.</summary>
    public required int Rotary { get; init; }

    /// <summary>Number of tokens that a token sees, itself included; 0: all before it.</summary>
    public int Window { get; }

    /// <summary>The lowest group with an adapter or trained weights, where the backward pass may end; null: there is none.</summary>
    public LinearGroup? Lowest { get; }

    /// <summary>Computes what is computed once a window.</summary>
    /// <param name="train">Whether gradients will be needed.</param>
    public void BeginWindow(bool train) => _eachWindow.ForEach(layer => layer.Compute(train));

    /// <summary>Adds the gradients of the tensors from which a window's arguments were computed.</summary>
    public void EndWindow() => _eachWindow.ForEach(layer => layer.PullBack());

    /// <summary>Computes what is computed in each pass; disposing the result releases it.</summary>
    /// <param name="train">Whether it is for the backward pass, whose gradients are added when the result is disposed.</param>
    public IDisposable BeginPass(bool train)
    {
        _eachPass.ForEach(layer => layer.Compute(train));
        return new Pass(_eachPass);
    }

    /// <summary>Sets an argument and its gradient; null: there is none.</summary>
    public void Set(int place, AdapterFactor factor, Tensor? value, Tensor? gradient)
    {
        int at = (_factors * place) + (int)factor;
        (Factors[at], Gradients[at]) = (value ?? _empty, gradient ?? _empty);
    }

    /// <summary>Sets the weight of a linear layer.</summary>
    public void SetWeight(int place, Tensor weight_OI) => Weights[place] = weight_OI;

    /// <summary>Sets the bias of a linear layer.</summary>
    public void SetBias(int place, Tensor bias_O) => Weights[_linears + _norms + place] = bias_O;

    /// <summary>Sets the arguments of a linear layer to those that it has without an adapter.</summary>
    public void Reset(int place, LinearLayer linear)
    {
        SetWeight(place, linear.Quantized?.Codes ?? linear.Weight_OI);
        SetBias(place, linear.Bias_O ?? _empty);
        foreach (AdapterFactor factor in FactorDescription.All)
        {
            Set(place, factor, null, null);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (IDisposable owned in (IEnumerable<IDisposable>)[.. _eachWindow, .. _eachPass, .. _gradients, Scales])
        {
            owned.Dispose();
        }
    }

    private void Add(Adapter adapter, LinearLayer linear, int place)
    {
        if (adapter.Computed != ComputedTensors.Never)
        {
            (adapter.Computed == ComputedTensors.EachWindow ? _eachWindow : _eachPass).Add(new(linear, place, this));
            return;
        }

        LayerTensors tensors = adapter.Compute(linear);
        foreach (AdapterFactor factor in FactorDescription.All)
        {
            Set(place, factor, tensors[factor], Owned(tensors[factor]?.grad));
        }
    }

    // Every access to grad returns a new handle owned by the current dispose scope; these must live as long as this object.
    private Tensor? Owned(Tensor? gradient)
    {
        if (gradient is not null)
        {
            _gradients.Add(gradient.DetachFromDisposeScope());
        }

        return gradient;
    }

    private static IEnumerable<Tensor> Quantized(LlamaBlock block, Tensor empty)
    {
        int parts = Enum.GetValues<QuantizedPart>().Length;
        Tensor[] all = [.. Enumerable.Repeat(empty, _linears * parts)];
        foreach ((BlockLinear description, LinearLayer linear) in block.Description.Linears.Zip(block.Linears))
        {
            linear.Quantized?.Parts.ToArray().CopyTo(all, parts * (int)description.Role);
        }

        return all;
    }

    private bool HasGradient(int place) => !ReferenceEquals(Gradients[(_factors * place) + (int)AdapterFactor.WeightDelta], _empty);

    private sealed class Pass(List<ComputedLayer> layers) : IDisposable
    {
        public void Dispose() => layers.ForEach(layer => layer.PullBack());
    }
}
