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
    private readonly List<(AdapterFactor Factor, Tensor Gradient)> _gradients = [];
    private readonly List<Tensor> _graph = [];
    private WeightUpdate? _update;
    private Tensor? _updateGradient_OI;

    private Adapter Adapter => linear.Adapter!;

    // What is as large as the weight is computed again for the gradients: its graph would hold several times as much.
    private bool ComputesAgain => Adapter.Computed == ComputedTensors.EachPass;

    /// <summary>Computes the arguments.</summary>
    /// <param name="train">Whether gradients will be needed.</param>
    public void Compute(bool train)
    {
        Clear();
        using IDisposable mode = train && !ComputesAgain ? enable_grad() : no_grad();
        using IDisposable scope = NewDisposeScope();
        LayerTensors tensors = Adapter.Compute(linear);
        foreach (AdapterFactor factor in FactorDescription.All)
        {
            if (tensors[factor] is Tensor value)
            {
                Tensor? argument = Argument(factor, value);
                arguments.Set(place, factor, argument, train ? Gradient(factor, value) : null);
            }
        }

        if (tensors.WeightUpdate is WeightUpdate update)
        {
            Add(update, train);
        }
    }

    /// <summary>Adds the gradients of the adapter's tensors and releases what was computed.</summary>
    public void PullBack()
    {
        if (_gradients.Count > 0)
        {
            using IDisposable scope = NewDisposeScope();
            (Tensor Value, Tensor Gradient)[] pairs =
                [.. Values().Zip(_gradients, (value, pair) => (value, pair.Gradient)).Where(pair => pair.value.requires_grad)];
            autograd.backward([.. pairs.Select(pair => pair.Value)], [.. pairs.Select(pair => pair.Gradient)]);
        }

        if (_updateGradient_OI is not null)
        {
            _update!.Backward(linear, _updateGradient_OI);
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
        _gradients.Clear();
        _graph.Clear();
        (_update, _updateGradient_OI) = (null, null);
        arguments.Reset(place, linear);
    }

    /// <inheritdoc />
    public void Dispose() => Clear();

    /// <summary>The argument of the kernels; null: the value is part of the layer's bias instead.</summary>
    private Tensor? Argument(AdapterFactor factor, Tensor value)
    {
        using IDisposable noGrad = no_grad();
        if (factor != AdapterFactor.BiasDelta)
        {
            return Keep(value.detach());
        }

        arguments.SetBias(place, Keep(linear.Bias_O!.Plus(value).to(linear.Bias_O!.dtype)));
        return null;
    }

    /// <summary>
    /// Sets the weight with its update, or the update alone, and where the kernels compute the gradient: in the same memory, which they
    /// read for the last time before that.
    /// </summary>
    private void Add(WeightUpdate update, bool train)
    {
        Tensor updated_OI = Keep(update.OnWeight(linear));
        if (train)
        {
            _update = update;
            // The gradient of a window is the sum over its passes, for which the update stays.
            _updateGradient_OI = ComputesAgain ? updated_OI : Keep(zeros_like(updated_OI, float32).requires_grad_(false));
        }

        bool alone = WeightUpdate.IsAlone(linear);
        arguments.Set(place, AdapterFactor.WeightDelta, alone ? updated_OI : null, _updateGradient_OI);
        if (!alone)
        {
            arguments.SetWeight(place, updated_OI);
        }
    }

    /// <summary>Where the kernels accumulate the gradient of a value; null: it needs none.</summary>
    private Tensor? Gradient(AdapterFactor factor, Tensor value)
    {
        if (Adapter.Owns(value))
        {
            return value.grad is Tensor gradient ? Keep(gradient) : null;
        }

        if (!ComputesAgain && !value.requires_grad)
        {
            return null;
        }

        Tensor gradientOfValue = Keep(zeros_like(value).requires_grad_(false));
        _gradients.Add((factor, gradientOfValue));
        if (!ComputesAgain)
        {
            _graph.Add(Keep(value));
        }

        return gradientOfValue;
    }

    /// <summary>The values whose gradients the kernels computed, with their graphs.</summary>
    private IEnumerable<Tensor> Values()
    {
        if (!ComputesAgain)
        {
            return _graph;
        }

        using IDisposable mode = enable_grad();
        LayerTensors tensors = Adapter.Compute(linear);
        return [.. _gradients.Select(pair => tensors[pair.Factor]!)];
    }

    private Tensor Keep(Tensor tensor)
    {
        _owned.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
