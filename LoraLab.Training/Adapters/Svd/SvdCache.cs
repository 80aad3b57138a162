using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Svd;

/// <summary>
/// On-disk cache of decompositions, one file each, so that the runs of a study compute them once. Results are bit-identical to those
/// computed. A truncated, foreign or invalid file counts as a miss and is overwritten; several processes may use one folder, and it may be
/// deleted at any time.
/// </summary>
/// <param name="folder">Folder of the files; created with the first one.</param>
public sealed class SvdCache(string folder)
{
    private const string Left = "u", Values = "sigma", Right = "vh", Checksum = "sha256";

    /// <summary>Number of decompositions read from the cache.</summary>
    public int Hits { get; private set; }

    /// <summary>Number of decompositions that had to be computed.</summary>
    public int Misses { get; private set; }

    /// <summary>Error message of the last failed write; null if all succeeded.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads the decomposition of a key, or computes and stores it; the caller's dispose scope owns the result.</summary>
    internal TruncatedSvd Get(IReadOnlyDictionary<string, string> key, Tensor weight_OI, int rank, Func<TruncatedSvd> compute)
    {
        string path = Path.Combine(folder, SvdKey.FileName(key));
        if (Read(path, key, weight_OI, rank) is { } cached)
        {
            Hits++;
            return cached;
        }

        Misses++;
        TruncatedSvd computed = compute();
        Store(path, key, computed);
        return computed;
    }

    private static TruncatedSvd? Read(string path, IReadOnlyDictionary<string, string> key, Tensor weight_OI, int rank)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using IDisposable scope = NewDisposeScope();
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path, field: null);
            Tensor[] factors = [file.ToWeight(Left), file.ToWeight(Values), file.ToWeight(Right)];
            long[][] shapes = [[weight_OI.shape[0], rank], [rank], [rank, weight_OI.shape[1]]];
            // The checksum detects what the format cannot, such as a file whose end was never flushed to disk and reads as zeros.
            bool valid = key.All(part => file.Metadata.GetValueOrDefault(part.Key) == part.Value)
                && factors.Zip(shapes).All(pair => pair.First.shape.SequenceEqual(pair.Second))
                && file.Metadata.GetValueOrDefault(Checksum) == SvdKey.HashOf(factors);
            if (!valid)
            {
                return null;
            }

            Tensor[] onDevice = [.. factors.Select(factor => factor.to(weight_OI.device).MoveToOuterDisposeScope())];
            return new(onDevice[0], onDevice[1], onDevice[2], key["algorithm"].Split(',')[0]);
        }
        catch (RunFailure)
        {
            return null;
        }
    }

    private void Store(string path, IReadOnlyDictionary<string, string> key, TruncatedSvd svd)
    {
        // A unique name: another process may be writing the same decomposition.
        string unfinished = Path.Combine(folder, Path.GetRandomFileName());
        try
        {
            Directory.CreateDirectory(folder);
            Dictionary<string, Tensor> factors = new() { [Left] = svd.U_OR, [Values] = svd.Sigma_R, [Right] = svd.Vh_RI };
            Dictionary<string, string> metadata = new(key) { [Checksum] = SvdKey.HashOf(factors.Values) };
            SafetensorsWriter.Write(unfinished, factors, metadata);
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Problem = $"The decompositions cannot be cached in {folder} and will be computed again by the next run: {problem.Message}";
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
