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
    private const string Left = "u", Values = "sigma", Right = "vh";
    private static readonly string[] _names = [Left, Values, Right];
    private readonly TensorCache _files = new(folder, "The decompositions");

    /// <summary>Number of decompositions read from the cache.</summary>
    public int Hits { get; private set; }

    /// <summary>Number of decompositions that had to be computed.</summary>
    public int Misses { get; private set; }

    /// <summary>Error message of the last failed write; null if all succeeded.</summary>
    public string? Problem => _files.Problem;

    /// <summary>Reads the decomposition of a key, or computes and stores it; the caller's dispose scope owns the result.</summary>
    internal TruncatedSvd Get(IReadOnlyDictionary<string, string> key, Tensor weight_OI, int rank, Func<TruncatedSvd> compute)
    {
        long[][] shapes = [[weight_OI.shape[0], rank], [rank], [rank, weight_OI.shape[1]]];
        if (_files.Find(key, _names, weight_OI.device) is { } cached
            && cached.Zip(shapes).All(pair => pair.First.shape.SequenceEqual(pair.Second)))
        {
            Hits++;
            return new(cached[0], cached[1], cached[2], key["algorithm"].Split(',')[0]);
        }

        Misses++;
        TruncatedSvd computed = compute();
        _files.Store(key, [(Left, computed.U_OR), (Values, computed.Sigma_R), (Right, computed.Vh_RI)]);
        return computed;
    }
}
