using System.Collections.Concurrent;
using System.Security.Cryptography;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>SHA-256 of runs' files, each read once per content: a file with another size or time is another content.</summary>
internal sealed class ArtifactHashes(ArtifactFiles files)
{
    /// <summary>Larger files, such as whole models, are hashed only when asked for.</summary>
    private const long MaximumUnasked = 256L << 20;

    private const int MaximumKept = 20_000;

    private readonly ConcurrentDictionary<(string Path, long Bytes, DateTimeOffset ModifiedAt), string> _known = [];

    /// <summary>The artifact with its hash; as it is if the hash is not wanted or the file has just been removed.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="artifact">A listed file of the run.</param>
    /// <param name="always">Whether any file is read, which takes seconds per GiB; otherwise, only adapters that are not large.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="IOException">A file that was asked for cannot be read.</exception>
    public async Task<RunArtifact> AddAsync(string runId, RunArtifact artifact, bool always, CancellationToken cancellationToken)
    {
        if (!always && (artifact.Kind is not (ArtifactKind.Adapter or ArtifactKind.BestAdapter) || artifact.Bytes > MaximumUnasked))
        {
            return artifact;
        }

        (string Path, long, DateTimeOffset) file = (files.PathOf(runId, artifact), artifact.Bytes, artifact.ModifiedAt);
        if (_known.TryGetValue(file, out string? known))
        {
            return artifact with { Sha256 = known };
        }

        try
        {
            string hash = await HashAsync(file.Path, cancellationToken);
            if (_known.Count >= MaximumKept)
            {
                _known.Clear();
            }

            _known[file] = hash;
            return artifact with { Sha256 = hash };
        }
        catch (Exception failure) when (
            failure is FileNotFoundException or DirectoryNotFoundException || (!always && StorageFailure.Is(failure)))
        {
            return artifact;
        }
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        // A run may still write the file, and a listing must not hinder that it is replaced or removed.
        await using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }
}
