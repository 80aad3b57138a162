using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Svd;

/// <summary>
/// Decompositions kept on disk, a file each, so that the seeds of a study pay for them once. What comes back has the bits of what was
/// computed. A file that is torn, foreign or misshapen counts as none and is written again; several processes may use one folder, and
/// it may be deleted at any time.
/// </summary>
/// <param name="folder">Folder of the files; made when the first is written.</param>
public sealed class SvdCache(string folder)
{
    private const string Left = "u", Values = "sigma", Right = "vh", Sum = "sha256";

    /// <summary>How many decompositions came from the folder.</summary>
    public int Hits { get; private set; }

    /// <summary>How many had to be computed.</summary>
    public int Misses { get; private set; }

    /// <summary>Why the last one could not be kept, as a sentence; null where all were.</summary>
    public string? Problem { get; private set; }

    /// <summary>The decomposition of a key, or else what <paramref name="compute"/> makes; in the caller's dispose scope.</summary>
    internal TruncatedSvd Get(IReadOnlyDictionary<string, string> key, Tensor weight_OI, int rank, Func<TruncatedSvd> compute)
    {
        string path = Path.Combine(folder, SvdKey.FileName(key));
        if (Read(path, key, weight_OI, rank) is { } known)
        {
            Hits++;
            return known;
        }

        Misses++;
        TruncatedSvd computed = compute();
        Keep(path, key, computed);
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
            // The sum finds what the format cannot: a file whose end never reached the disk, say, and is zeros.
            bool whole = key.All(part => file.Metadata.GetValueOrDefault(part.Key) == part.Value)
                && factors.Zip(shapes).All(pair => pair.First.shape.SequenceEqual(pair.Second))
                && file.Metadata.GetValueOrDefault(Sum) == SvdKey.HashOf(factors);
            if (!whole)
            {
                return null;
            }

            Tensor[] there = [.. factors.Select(factor => factor.to(weight_OI.device).MoveToOuterDisposeScope())];
            return new(there[0], there[1], there[2], key["algorithm"].Split(',')[0]);
        }
        catch (RunFailure)
        {
            return null;
        }
    }

    private void Keep(string path, IReadOnlyDictionary<string, string> key, TruncatedSvd svd)
    {
        // A name of its own: another process may be writing the same decomposition.
        string unfinished = Path.Combine(folder, Path.GetRandomFileName());
        try
        {
            Directory.CreateDirectory(folder);
            Dictionary<string, Tensor> factors = new() { [Left] = svd.U_OR, [Values] = svd.Sigma_R, [Right] = svd.Vh_RI };
            Dictionary<string, string> metadata = new(key) { [Sum] = SvdKey.HashOf(factors.Values) };
            SafetensorsWriter.Write(unfinished, factors, metadata);
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Problem = $"The decompositions cannot be kept in {folder} and will be computed again by the next run: {problem.Message}";
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
            // The folder that refused the file refuses this too.
        }
    }
}
