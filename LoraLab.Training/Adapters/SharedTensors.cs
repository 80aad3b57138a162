using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// Tensors that the adapters of all layers share, while these are created. Each adapter owns a handle on the same memory, which is freed
/// with the last of them.
/// </summary>
public sealed class SharedTensors : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = [];

    /// <summary>A new handle on a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="create">Creates it for the first adapter.</param>
    public Tensor Get(string name, Func<Tensor> create)
    {
        ArgumentNullException.ThrowIfNull(create);
        if (!_tensors.TryGetValue(name, out Tensor? tensor))
        {
            _tensors[name] = tensor = create().DetachFromDisposeScope();
        }

        return tensor.detach();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
        {
            tensor.Dispose();
        }

        _tensors.Clear();
    }
}
