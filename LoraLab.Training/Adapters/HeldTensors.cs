using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// What a linear layer computes with, computed once and kept while the adapter does not change: a text is generated token by token. Weight
/// updates are part of a weight in single precision, and rounded to a weight of half precision, whose size they have.
/// </summary>
internal sealed class HeldTensors : IDisposable
{
    private readonly List<Tensor> _owned = [];

    /// <summary>The tensors of a layer with an adapter.</summary>
    public HeldTensors(LinearLayer layer)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Adapter adapter = layer.Adapter!;
        Tensors = adapter.Compute(layer);
        if (Tensors.WeightDelta_OI is Tensor delta_OI)
        {
            bool half = layer.Weight_OI.dtype is ScalarType.BFloat16 or ScalarType.Float16;
            Weight_OI = half ? null : adapter.Owns(delta_OI) ? layer.Weight_OI.Plus(delta_OI) : delta_OI.PlusInPlace(layer.Weight_OI);
            Tensors = Tensors with { WeightDelta_OI = half ? delta_OI.to(layer.Weight_OI.dtype) : null };
        }

        foreach (Tensor computed in FactorDescription.All.Select(factor => Tensors[factor]).Append(Weight_OI).OfType<Tensor>()
            .Where(tensor => !adapter.Owns(tensor)))
        {
            _owned.Add(computed.DetachFromDisposeScope());
        }
    }

    /// <summary>The tensors, without a weight update that is part of <see cref="Weight_OI"/>.</summary>
    public LayerTensors Tensors { get; }

    /// <summary>The weight with its update, [out, in]; null: the layer's own.</summary>
    public Tensor? Weight_OI { get; }

    /// <inheritdoc />
    public void Dispose() => _owned.ForEach(tensor => tensor.Dispose());
}
