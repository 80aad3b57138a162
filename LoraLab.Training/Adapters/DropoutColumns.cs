using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>Keys of the columns of layers' inputs for <see cref="DropoutMasks"/>, uploaded once: they are the same in all passes.</summary>
/// <param name="device">The device of the keys.</param>
public sealed class DropoutColumns(Device device) : IDisposable
{
    private readonly Dictionary<object, Tensor> _keys = new(ReferenceEqualityComparer.Instance);

    /// <summary>The device of the keys.</summary>
    public Device Device => device;

    /// <summary>The keys of a layer's input, int32 [in].</summary>
    public Tensor Of(LinearLayer linear)
    {
        ArgumentNullException.ThrowIfNull(linear);
        return Known(linear, () => Keys(linear));
    }

    /// <summary>The keys of layers whose inputs have the same width, int32 [layers, 1, in]; kept for this list of layers.</summary>
    public Tensor Of(IReadOnlyList<LinearLayer> linears)
    {
        ArgumentNullException.ThrowIfNull(linears);
        return Known(linears, () => stack([.. linears.Select(Keys)], dim: 0).unsqueeze(1));
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (Tensor keys in _keys.Values)
        {
            keys.Dispose();
        }

        _keys.Clear();
    }

    private Tensor Keys(LinearLayer linear) => DropoutMasks.ColumnKeys(linear.Name, linear.In, device);

    private Tensor Known(object of, Func<Tensor> create)
    {
        if (!_keys.TryGetValue(of, out Tensor? keys))
        {
            using IDisposable scope = NewDisposeScope();
            _keys[of] = keys = create().DetachFromDisposeScope();
        }

        return keys;
    }
}
