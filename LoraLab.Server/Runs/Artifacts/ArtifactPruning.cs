using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Runs.Artifacts;

/// <summary>
/// Removes files of ended runs. The document records them before they are removed. Specification, metrics, summary, events and the
/// predictions that comparisons use are always kept.
/// </summary>
internal sealed class ArtifactPruning(IRunStore store, ArtifactFiles files, ArtifactRemoval removal, RunDirectoryLocks directoryLocks)
{
    /// <summary>Removes the requested files; returns the updated document.</summary>
    public RunDocument Prune(string runId, PruneRequest request, bool byRetention = false)
    {
        using Lock.Scope scope = directoryLocks.AcquireLock();
        IReadOnlyList<RunArtifact> artifacts = files.List(runId);
        (RunDocument pruned, IReadOnlyList<RunArtifact> removed) =
            store.Transact(StoreScope.Run(runId), transaction => RecordPruning(transaction, runId, artifacts, request, byRetention));

        // The attempt of a run that was resumed just now has not begun, and keeps the files that it finds; one that is resumed later
        // finds none.
        if (removed.Count > 0 && store.Find(runId)?.Document.State.IsTerminal() == true)
        {
            removal.Remove(runId, removed);
        }

        return pruned;
    }

    /// <summary>Records in the document the files to be removed.</summary>
    private static (RunDocument Run, IReadOnlyList<RunArtifact> Removed) RecordPruning(
        IStoreTransaction transaction, string runId, IReadOnlyList<RunArtifact> artifacts, PruneRequest request, bool byRetention)
    {
        StoredRun run = transaction.Find(runId) ?? throw ApiFailure.NoRun(runId);
        if (!run.Document.State.IsTerminal())
        {
            throw ApiFailure.Conflict(
                "runActive",
                $"Run {runId} is {run.Document.State.ToString().ToLowerInvariant()}; its files can be pruned once it has ended.");
        }

        if (request.Adapter && run.Document.Aliases.Count > 0)
        {
            throw RunService.HasAlias(run.Document);
        }

        HashSet<int?> kept = KeptSteps(run.Document, artifacts);
        RunArtifact[] removed = [.. artifacts.Where(artifact => IsSelected(artifact, request, kept))];
        if (removed.Length == 0)
        {
            return (run.Document, removed);
        }

        RunDocument document = run.Document with
        {
            Error = removed.Any(artifact => artifact.Kind == ArtifactKind.Checkpoint)
                ? EndMessages.WithoutCheckpoints(run.Document.Error)
                : run.Document.Error,
            Pruned = [.. run.Document.Pruned, .. ArtifactRemoval.Describe(removed, transaction.Now, byRetention)],
        };
        transaction.Put(run with { Document = document });
        transaction.EmitState(document);
        return (document, removed);
    }

    private static bool IsSelected(RunArtifact artifact, PruneRequest request, HashSet<int?> keptSteps) => artifact.Kind switch
    {
        ArtifactKind.Checkpoint => request.Checkpoints,
        ArtifactKind.Predictions => request.Predictions && !keptSteps.Contains(artifact.Step),
        ArtifactKind.Adapter => request.Adapter,
        ArtifactKind.BestAdapter => request.BestAdapter,
        ArtifactKind.Merged => request.Merged,
        _ => false,
    };

    private static HashSet<int?> KeptSteps(RunDocument run, IEnumerable<RunArtifact> artifacts)
    {
        List<int?> steps =
            [.. artifacts.Where(artifact => artifact.Kind == ArtifactKind.Predictions).Select(artifact => artifact.Step).Order()];
        return
        [
            steps.FirstOrDefault(),
            steps.LastOrDefault(),
            .. MetricCatalog.Default.Columns.Select(metric => run.Summary[metric.Key]?.BestStep),
        ];
    }
}
