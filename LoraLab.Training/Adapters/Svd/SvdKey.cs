using System.Collections.Concurrent;
using System.Globalization;
using LoraLab.Files;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Svd;

/// <summary>
/// Cache key of a decomposition: everything that determines its exact bits, which are the values of the weight, the parameters, and the
/// library, processor and number of threads, which determine the order of summation.
/// </summary>
internal static class SvdKey
{
    // 1: factors U, sigma, Vh with canonical signs; the random start of the randomized SVD is derived from the module's name.
    private const int Version = 1;

    /// <summary>Algorithm of the smallest singular values.</summary>
    public const string Smallest = "full smallest";

    // Querying the driver for a GPU's name takes longer than a small decomposition.
    private static readonly ConcurrentDictionary<string, string?> _deviceNames = new(StringComparer.Ordinal);

    /// <summary>The key as file metadata; the module's name and the iterations matter only for the randomized algorithm.</summary>
    public static IReadOnlyDictionary<string, string> Of(Tensor weight_OI, int rank, bool full, int iterations, string module) =>
        Key(weight_OI, rank, full
            ? "full"
            : string.Create(CultureInfo.InvariantCulture, $"randomised, {iterations} iterations, start {module}"));

    /// <summary>The key of the smallest singular values.</summary>
    public static IReadOnlyDictionary<string, string> OfSmallest(Tensor weight_OI, int rank) => Key(weight_OI, rank, Smallest);

    /// <summary>What determines the order of summation, and thus the last digits, of a result on a device.</summary>
    public static string ComputedBy(Device device) => string.Create(
        CultureInfo.InvariantCulture,
        $"libtorch {Versions.Libtorch}, {NameOf(device, DeviceChoice.NameOf, Devices.Name)}, {get_num_threads()} used");

    /// <summary>Product name of a device, which the list of devices has under its name in documents, not under CUDA's number.</summary>
    /// <param name="device">The device.</param>
    /// <param name="documentName">Returns its name in documents: that of the lane in a server's worker.</param>
    /// <param name="productName">Returns the product of a name in documents.</param>
    internal static string? NameOf(Device device, Func<Device, string> documentName, Func<string, string?> productName) =>
        _deviceNames.GetOrAdd(documentName(device), productName);

    private static Dictionary<string, string> Key(Tensor weight_OI, int rank, string algorithm) => new()
    {
        ["format"] = string.Create(CultureInfo.InvariantCulture, $"loralab svd {Version}"),
        ["weight"] = HashOf(weight_OI),
        ["rank"] = rank.ToString(CultureInfo.InvariantCulture),
        ["algorithm"] = algorithm,
        ["computedBy"] = ComputedBy(weight_OI.device),
    };

    /// <summary>File name of a key.</summary>
    public static string FileName(IReadOnlyDictionary<string, string> key)
    {
        using Sha256Hash hash = new();
        foreach ((string name, string value) in key.OrderBy(part => part.Key, StringComparer.Ordinal))
        {
            hash.Add(name).Add(value);
        }

        return hash.Hex() + ".safetensors";
    }

    /// <summary>SHA-256 of dtypes, shapes and bytes of tensors, hexadecimal.</summary>
    public static string HashOf(params IEnumerable<Tensor> tensors)
    {
        using IDisposable scope = NewDisposeScope();
        using Sha256Hash hash = new();
        foreach (Tensor tensor in tensors)
        {
            hash.Add(tensor.dtype.ToString()).Add([.. tensor.shape.Select(axis => (int)axis)]);
            TensorBytes.ForEachSpan(tensor.detach().cpu().contiguous(), (span, _) => hash.Add(span));
        }

        return hash.Hex();
    }
}
