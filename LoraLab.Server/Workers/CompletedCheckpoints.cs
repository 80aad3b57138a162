using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.RunDirectories;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Workers;

/// <summary>
/// The checkpoints of a completed run, from which nothing resumes any more: most of its bytes. They are removed when it completes, unless
/// <c>LoraLab:Retention:KeepCompletedCheckpoints</c> is set, and so is the adapter of the best evaluation where
/// <c>LoraLab:Retention:KeepBestAdapters</c> is not.
/// </summary>
internal sealed class CompletedCheckpoints(
    ArtifactFiles files,
    ArtifactRemoval removal,
    RunDirectoryLocks directoryLocks,
    IOptions<LoraLabOptions> options,
    ILogger<CompletedCheckpoints> log)
{
    /// <summary>The files to remove if the run completes; its process has exited.</summary>
    public IReadOnlyList<RunArtifact> Find(string runId)
    {
        RetentionOptions retention = options.Value.Retention;
        return retention is { KeepCompletedCheckpoints: true, KeepBestAdapters: true } ? [] :
        [
            .. files.List(runId).Where(artifact =>
                (artifact.Kind == ArtifactKind.Checkpoint && !retention.KeepCompletedCheckpoints)
                || (artifact.Kind == ArtifactKind.BestAdapter && !retention.KeepBestAdapters)),
        ];
    }

    /// <summary>Removes them after the completed run's document has recorded it; files that cannot be removed stay.</summary>
    public void Remove(string runId, IReadOnlyList<RunArtifact> checkpoints)
    {
        if (checkpoints.Count == 0)
        {
            return;
        }

        using Lock.Scope scope = directoryLocks.AcquireLock();
        try
        {
            removal.Remove(runId, checkpoints);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("Cannot remove the files of completed run {Run}: {Reason}", runId, error.Message);
        }
    }
}
