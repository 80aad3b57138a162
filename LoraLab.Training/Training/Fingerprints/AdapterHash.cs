using LoraLab.Files;
using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>Hash of an adapter's factors; runs with the same hash have the same result.</summary>
public static class AdapterHash
{
    /// <summary>Hashes the names, shapes and fp32 bytes of all factors, trained and frozen.</summary>
    public static string Of(IEnumerable<Adapter> adapters)
    {
        using IDisposable noGrad = no_grad();
        using Sha256Hash hash = new();
        foreach ((string name, Tensor value) in AdapterFactors.Of(adapters).OrderBy(factor => factor.Key, StringComparer.Ordinal))
        {
            hash.Add(name).Add([.. value.shape.Select(axis => (int)axis)]);
            hash.Add(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(TensorReader.Floats(value)));
        }

        return hash.Hex();
    }
}
