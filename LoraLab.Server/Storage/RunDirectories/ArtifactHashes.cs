using System.Collections.Concurrent;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>SHA-256 of the files of adapters, by which a download is checked; each is computed once until the file changes.</summary>
internal sealed class ArtifactHashes(ArtifactFiles files)
{
    /// <summary>Larger files, such as whole models, are not hashed for a listing.</summary>
    private const long MaximumBytes = 256L << 20;

    private const int MaximumKept = 10_000;

    private readonly ConcurrentDictionary<(string Path, long Bytes, DateTimeOffset ModifiedAt), string> _known = new();

    /// <summary>The artifact with its hash, if it is a file of an adapter and not too large.</summary>
    public RunArtifact Add(string runId, RunArtifact artifact)
    {
        if (artifact.Kind is not (ArtifactKind.Adapter or ArtifactKind.BestAdapter) || artifact.Bytes > MaximumBytes)
        {
            return artifact;
        }

        (string Path, long, DateTimeOffset) file = (files.PathOf(runId, artifact), artifact.Bytes, artifact.ModifiedAt);
        try
        {
            if (_known.Count >= MaximumKept)
            {
                _known.Clear();
            }

            return artifact with { Sha256 = _known.GetOrAdd(file, static known => Sha256Hash.OfFile(known.Path)) };
        }
        catch (Exception gone) when (StorageFailure.Is(gone))
        {
            return artifact;
        }
    }
}
