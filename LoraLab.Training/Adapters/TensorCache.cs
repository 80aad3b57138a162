using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// On-disk cache of tensors that take long to compute, one file for each key, so that the runs of a study compute them once. Results are
/// bit-identical to those computed. A truncated, foreign or invalid file counts as a miss and is overwritten; several processes may use one
/// folder, and it may be deleted at any time.
/// </summary>
/// <param name="folder">Folder of the files; created with the first one.</param>
/// <param name="what">What they are, in the plural, at the start of a sentence.</param>
internal sealed class TensorCache(string folder, string what)
{
    private const string Checksum = "sha256";

    /// <summary>Error message of the last failed write; null if all succeeded.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads the tensors of a key, which the caller's dispose scope owns; null: there are none.</summary>
    /// <param name="key">The key.</param>
    /// <param name="names">Names of the tensors, in order.</param>
    /// <param name="device">Device of the result.</param>
    public IReadOnlyList<Tensor>? Find(IReadOnlyDictionary<string, string> key, IReadOnlyList<string> names, Device device)
    {
        string path = Path.Combine(folder, SvdKey.FileName(key));
        if (!File.Exists(path))
        {
            return null;
        }

        using IDisposable scope = NewDisposeScope();
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path, field: null);
            if (!names.All(file.Tensors.ContainsKey))
            {
                return null;
            }

            Tensor[] tensors = [.. names.Select(name =>
                file.Tensors[name].Dtype == SafetensorsDtypes.Name(uint8) ? file.ToTensor(name) : file.ToWeight(name))];
            // The checksum detects what the format cannot, such as a file whose end was never flushed to disk and reads as zeros.
            bool valid = key.All(part => file.Metadata.GetValueOrDefault(part.Key) == part.Value)
                && file.Metadata.GetValueOrDefault(Checksum) == SvdKey.HashOf(tensors);
            return valid ? [.. tensors.Select(tensor => tensor.to(device).MoveToOuterDisposeScope())] : null;
        }
        catch (RunFailure)
        {
            return null;
        }
    }

    /// <summary>Stores the tensors of a key.</summary>
    public void Store(IReadOnlyDictionary<string, string> key, IReadOnlyList<(string Name, Tensor Value)> tensors)
    {
        // A unique name: another process may be writing the same tensors.
        string unfinished = Path.Combine(folder, Path.GetRandomFileName());
        try
        {
            Directory.CreateDirectory(folder);
            Dictionary<string, string> metadata = new(key) { [Checksum] = SvdKey.HashOf(tensors.Select(tensor => tensor.Value)) };
            SafetensorsWriter.Write(unfinished, tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Value), metadata);
            File.Move(unfinished, Path.Combine(folder, SvdKey.FileName(key)), overwrite: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Problem = $"{what} cannot be cached in {folder} and will be computed again by the next run: {problem.Message}";
            TryDelete(unfinished);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // The folder that rejected the write rejects the deletion too.
        }
    }
}
