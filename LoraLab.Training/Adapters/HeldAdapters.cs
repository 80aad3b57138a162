namespace LoraLab.Training.Adapters;

/// <summary>Until it is disposed, layers compute with tensors that were computed once from their adapters, which must not change.</summary>
public sealed class HeldAdapters : IDisposable
{
    private readonly List<LinearLayer> _layers = [];

    /// <summary>Computes the tensors of layers whose adapter computes them and that do not have them already.</summary>
    public HeldAdapters(IEnumerable<LinearLayer> layers)
    {
        foreach (LinearLayer layer in layers
            .Where(layer => layer.Held is null && layer.Adapter is Adapter { Computed: not ComputedTensors.Never }))
        {
            try
            {
                layer.Held = new HeldTensors(layer);
                _layers.Add(layer);
            }
            catch
            {
                Dispose();
                throw;
            }
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (LinearLayer layer in _layers)
        {
            layer.Held?.Dispose();
            layer.Held = null;
        }
    }
}
