using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// A linear layer whose kernel arguments are computed from its adapter's tensors. The kernels accumulate the gradients of the arguments,
/// and <see cref="PullBack"/> turns them into gradients of the adapter's tensors by autograd, across this layer only.
/// </summary>
/// <param name="linear">The layer.</param>
/// <param name="place">Place of the layer among those of the block.</param>
/// <param name="arguments">The arguments of the block.</param>
internal sealed class ComputedLayer(LinearLayer linear, int place, BlockTensors arguments) : IDisposable
{
    private readonly List<Tensor> _owned = [];
    private readonly List<(Tensor Value, Tensor Gradient)> _graph = [];

    private Adapter Adapter => linear.Adapter!;

    /// <summary>Computes the arguments.</summary>
    /// <param name="train">Whether gradients will be needed.</param>
    public void Compute(bool train)
    {
        Clear();
        using IDisposable mode = train ? enable_grad() : no_grad();
        using IDisposable scope = NewDisposeScope();
        LayerTensors tensors = Adapter.Compute(linear);
        foreach (AdapterFactor factor in FactorDescription.All)
        {
            if (tensors[factor] is Tensor value)
            {
                arguments.Set(place, factor, Argument(factor, value), train ? Gradient(value) : null);
            }
        }
    }

    /// <summary>Adds the gradients of the adapter's tensors and releases what was computed.</summary>
    public void PullBack()
    {
        if (_graph.Count > 0)
        {
            using IDisposable scope = NewDisposeScope();
            autograd.backward([.. _graph.Select(pair => pair.Value)], [.. _graph.Select(pair => pair.Gradient)]);
        }

        Clear();
    }

    /// <summary>Releases what was computed.</summary>
    public void Clear()
    {
        foreach (Tensor tensor in _owned)
        {
            tensor.Dispose();
        }

        _owned.Clear();
        _graph.Clear();
        arguments.Reset(place, linear);
    }

    /// <inheritdoc />
    public void Dispose() => Clear();

    /// <summary>The argument of the kernels; null: the value is part of the layer's weight or bias instead.</summary>
    private Tensor? Argument(AdapterFactor factor, Tensor value)
    {
        using IDisposable noGrad = no_grad();
        switch (factor)
        {
            case AdapterFactor.WeightDelta when linear.Weight_OI.dtype is ScalarType.Float32 or ScalarType.Float64:
                arguments.SetWeight(place, Own(linear.Weight_OI.Plus(value)));
                return null;
            case AdapterFactor.WeightDelta:
                // Added to a weight of half precision, a small update would be rounded away.
                return Own(value.to(linear.Weight_OI.dtype));
            case AdapterFactor.BiasDelta:
                arguments.SetBias(place, Own(linear.Bias_O!.Plus(value).to(linear.Bias_O!.dtype)));
                return null;
            default:
                return Own(value.detach());
        }
    }

    /// <summary>Where the kernels accumulate the gradient of a value; null: it needs none.</summary>
    private Tensor? Gradient(Tensor value)
    {
        if (!value.requires_grad)
        {
            return null;
        }

        if (value.is_leaf)
        {
            return value.grad is Tensor gradient ? Own(gradient) : null;
        }

        Tensor zero = Own(zeros_like(value).requires_grad_(false));
        _graph.Add((Own(value), zero));
        return zero;
    }

    private Tensor Own(Tensor tensor)
    {
        _owned.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
