using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>Removes files of ended runs that their documents have recorded as removed.</summary>
internal sealed class ArtifactRemoval(ArtifactFiles files, ILogger<ArtifactRemoval> log)
{
    /// <summary>The entries of a run's document for files that are about to be removed, one per kind.</summary>
    public static IEnumerable<PrunedFiles> Describe(IEnumerable<RunArtifact> removed, DateTimeOffset at, bool byRetention) =>
        removed.GroupBy(artifact => artifact.Kind).Select(kind => new PrunedFiles
        {
            Kind = kind.Key,
            Files = kind.Count(),
            Bytes = kind.Sum(artifact => artifact.Bytes),
            At = at,
            ByRetention = byRetention,
        });

    /// <summary>Removes the files. The caller holds the <see cref="RunDirectoryLocks"/>.</summary>
    public void Remove(string runId, IReadOnlyList<RunArtifact> removed)
    {
        // The file that marks a checkpoint or an adapter as complete is removed first, so that the remains after a crash are never used.
        foreach (string path in removed.OrderByDescending(artifact => artifact.Name.EndsWith(".json", StringComparison.Ordinal))
            .Select(artifact => files.PathOf(runId, artifact)))
        {
            File.Delete(path);
            if (Path.GetDirectoryName(path) is { } folder && !Directory.EnumerateFileSystemEntries(folder).Any())
            {
                Directory.Delete(folder);
            }
        }

        log.LogInformation(
            "Pruned {Files} files of run {Run} ({MiB:0.#} MiB): {Kinds}",
            removed.Count,
            runId,
            removed.Sum(artifact => artifact.Bytes) / (double)(1 << 20),
            string.Join(", ", removed.Select(artifact => artifact.Kind).Distinct()));
    }
}
