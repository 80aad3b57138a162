using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Runs.Artifacts;

/// <summary>
/// Removes files of ended runs. The document says what went, before it goes. Specification, metrics, summary, events and the predictions
/// that comparisons use stay in any case.
/// </summary>
internal sealed class ArtifactPruning(IRunStore store, ArtifactFiles files, RunDirectoryLocks directoryLocks, ILogger<ArtifactPruning> log)
{
    /// <summary>Removes what is asked for; the document as it is then.</summary>
    public RunDocument Prune(string runId, PruneRequest request, bool byRetention = false)
    {
        using Lock.Scope scope = directoryLocks.AcquireLock();
        IReadOnlyList<RunArtifact> artifacts = files.List(runId);
        (RunDocument pruned, IReadOnlyList<RunArtifact> removed) = store.Transact(StoreScope.Run(runId), transaction => RecordPruning(transaction, runId, artifacts, request, byRetention));

        // The attempt of a run that was resumed in this moment has not begun, and keeps what it finds; one that is resumed later finds nothing.
        if (removed.Count > 0 && store.Find(runId)?.Document.State.IsTerminal() == true)
        {
            Remove(runId, removed);
            log.LogInformation("{Files} files of run {Run} were pruned ({MiB:0.#} MiB): {Kinds}", removed.Count, runId, removed.Sum(artifact => artifact.Bytes) / (double)(1 << 20), string.Join(", ", removed.Select(artifact => artifact.Kind).Distinct()));
        }

        return pruned;
    }

    /// <summary>Writes into the document what will go.</summary>
    private static (RunDocument Run, IReadOnlyList<RunArtifact> Removed) RecordPruning(IStoreTransaction transaction, string runId, IReadOnlyList<RunArtifact> artifacts, PruneRequest request, bool byRetention)
    {
        StoredRun run = transaction.Find(runId) ?? throw ApiFailure.NoRun(runId);
        if (!run.Document.State.IsTerminal())
        {
            throw ApiFailure.Conflict("runActive", $"Run {runId} is {run.Document.State.ToString().ToLowerInvariant()}; its files can be pruned when it has ended.");
        }

        HashSet<int?> kept = KeptSteps(run.Document, artifacts);
        RunArtifact[] removed = [.. artifacts.Where(artifact => IsSelected(artifact, request, kept))];
        if (removed.Length == 0)
        {
            return (run.Document, removed);
        }

        IEnumerable<PrunedFiles> pruned = removed.GroupBy(artifact => artifact.Kind).Select(kind => new PrunedFiles
        {
            Kind = kind.Key,
            Files = kind.Count(),
            Bytes = kind.Sum(artifact => artifact.Bytes),
            At = transaction.Now,
            ByRetention = byRetention,
        });
        RunDocument document = run.Document with { Pruned = [.. run.Document.Pruned, .. pruned] };
        transaction.Put(run with { Document = document });
        transaction.EmitState(document);
        return (document, removed);
    }

    private static bool IsSelected(RunArtifact artifact, PruneRequest request, HashSet<int?> keptSteps) => artifact.Kind switch
    {
        ArtifactKind.Checkpoint => request.Checkpoints,
        ArtifactKind.Predictions => request.Predictions && !keptSteps.Contains(artifact.Step),
        ArtifactKind.Adapter => request.Adapter,
        _ => false,
    };

    private static HashSet<int?> KeptSteps(RunDocument run, IEnumerable<RunArtifact> artifacts)
    {
        List<int?> steps = [.. artifacts.Where(artifact => artifact.Kind == ArtifactKind.Predictions).Select(artifact => artifact.Step).Order()];
        return [steps.FirstOrDefault(), steps.LastOrDefault(), run.Summary.Accuracy?.BestStep, run.Summary.MacroF1?.BestStep];
    }

    private void Remove(string runId, IReadOnlyList<RunArtifact> removed)
    {
        // The file that makes a checkpoint or an adapter one goes first: what a crash leaves is nothing that would be used.
        foreach (string path in removed.OrderByDescending(artifact => artifact.Name.EndsWith(".json", StringComparison.Ordinal)).Select(artifact => files.PathOf(runId, artifact)))
        {
            File.Delete(path);
            if (Path.GetDirectoryName(path) is { } folder && !Directory.EnumerateFileSystemEntries(folder).Any())
            {
                Directory.Delete(folder);
            }
        }
    }
}
