using LoraLab.Files;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Safetensors;
using static TorchSharp.torch;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>Hash of the tensors of a run, those of adapters or the trained weights; runs with the same hash have the same result.</summary>
public static class AdapterHash
{
    /// <summary>Hashes the names, shapes and fp32 bytes of all factors, trained and frozen.</summary>
    public static string Of(IEnumerable<Adapter> adapters) => Of(AdapterFactors.Of(adapters));

    /// <summary>Hashes the names, shapes and fp32 bytes of tensors, one after another.</summary>
    public static string Of(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        using IDisposable noGrad = no_grad();
        using Sha256Hash hash = new();
        foreach ((string name, Tensor value) in tensors.OrderBy(tensor => tensor.Key, StringComparer.Ordinal))
        {
            using IDisposable scope = NewDisposeScope();
            hash.Add(name).Add([.. value.shape.Select(axis => (int)axis)]);
            Tensor plain = value.detach().to(float32).cpu().contiguous();
            hash.Begin(plain.numel() * sizeof(float));
            TensorBytes.ForEachSpan(plain, (bytes, _) => hash.Continue(bytes));
        }

        return hash.Hex();
    }
}
