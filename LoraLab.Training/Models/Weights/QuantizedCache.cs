using System.Globalization;
using LoraLab.Training.Adapters;
using LoraLab.Training.Torch.Quantization;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Weights;

/// <summary>
/// On-disk cache of layers in four bits, one file each, so that only the first run on a checkpoint reads all of it. A truncated, foreign
/// or invalid file counts as a miss; the folder may be deleted at any time.
/// </summary>
/// <param name="folder">Folder of the files; created with the first one.</param>
/// <param name="checkpointSha256">Returns the hash of the checkpoint; waits until it is known.</param>
public sealed class QuantizedCache(string folder, Func<string> checkpointSha256)
{
    // 1: blocks of 64 in groups of 256.
    private const int Version = 1;

    private readonly TensorCache _files = new(folder, "The layers in four bits");
    private readonly Lazy<string> _checkpoint = new(checkpointSha256);

    /// <summary>Number of layers read from the cache.</summary>
    public int Hits { get; private set; }

    /// <summary>Number of layers that had to be quantized.</summary>
    public int Misses { get; private set; }

    /// <summary>Error message of the last failed write; null if all succeeded.</summary>
    public string? Problem => _files.Problem;

    /// <summary>Reads a layer, which the caller owns; null: it is not there.</summary>
    internal QuantizedWeight? Find(string name, IReadOnlyList<long> shape, bool nested, ScalarType dtype, Device device)
    {
        using IDisposable scope = NewDisposeScope();
        IReadOnlyList<Tensor>? parts = _files.Find(Key(name, nested, device), QuantizedWeight.Names(nested), device);
        QuantizedWeight? found = parts is null ? null : QuantizedWeight.Restore(parts, (shape[0], shape[1]), dtype);
        (Hits, Misses) = found is null ? (Hits, Misses + 1) : (Hits + 1, Misses);
        return found;
    }

    /// <summary>Stores a layer.</summary>
    internal void Store(string name, QuantizedWeight weight)
    {
        using IDisposable scope = NewDisposeScope();
        _files.Store(
            Key(name, weight.IsNested, weight.Device),
            [.. QuantizedWeight.Names(weight.IsNested).Zip(weight.Stored.Select(part => part.cpu()))]);
    }

    private Dictionary<string, string> Key(string name, bool nested, Device device) => new()
    {
        ["format"] = string.Create(CultureInfo.InvariantCulture, $"loralab nf4 {Version}"),
        ["checkpoint"] = _checkpoint.Value,
        ["weight"] = name,
        ["form"] = nested ? "nf4-double" : "nf4",
        // Sums and quotients of another kind of device may have other last bits.
        ["device"] = device.type.ToString(),
    };
}
