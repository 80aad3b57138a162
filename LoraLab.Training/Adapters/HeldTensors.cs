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
        if (Tensors.WeightUpdate is WeightUpdate update)
        {
            Tensor updated_OI = update.OnWeight(layer);
            _owned.Add(updated_OI.DetachFromDisposeScope());
            bool alone = WeightUpdate.IsAlone(layer);
            Weight_OI = alone ? null : updated_OI;
            Tensors = Tensors with { WeightUpdate = alone ? WeightUpdate.Of(updated_OI) : null };
        }

        foreach (Tensor computed in FactorDescription.All.Select(factor => Tensors[factor]).OfType<Tensor>()
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
