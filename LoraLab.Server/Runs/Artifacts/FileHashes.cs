using System.Collections.Concurrent;
using System.Security.Cryptography;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Runs.Artifacts;

/// <summary>SHA-256 of runs' files, each read once per content: a file with another size or time is another content.</summary>
internal sealed class FileHashes
{
    private const int MaxRemembered = 20_000;

    private readonly ConcurrentDictionary<(string Path, long Bytes, DateTimeOffset ModifiedAt), string> _known = [];

    /// <summary>The hash of a listed file; null if it has just been removed.</summary>
    public async Task<string?> OfAsync(string path, RunArtifact artifact, CancellationToken cancellationToken)
    {
        (string, long, DateTimeOffset) key = (path, artifact.Bytes, artifact.ModifiedAt);
        if (_known.TryGetValue(key, out string? known))
        {
            return known;
        }

        try
        {
            await using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            string hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
            if (_known.Count >= MaxRemembered)
            {
                _known.Clear();
            }

            _known[key] = hash;
            return hash;
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
