using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>Stored tensors of which an adapter takes ownership.</summary>
internal static class Stored
{
    /// <summary>A tensor on the device of a layer.</summary>
    /// <param name="stored">Returns a new tensor for a full name, or null if there is none.</param>
    /// <param name="name">Full name of the tensor.</param>
    /// <param name="layer">The layer.</param>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public static Tensor Required(Func<string, Tensor?> stored, string name, LinearLayer layer) =>
        Find(stored, name, layer) ?? throw new KeyNotFoundException($"There is no tensor '{name}'.");

    /// <summary>The same, or null.</summary>
    public static Tensor? Find(Func<string, Tensor?> stored, string name, LinearLayer layer) =>
        stored(name)?.to(layer.Device).DetachFromDisposeScope();
}
