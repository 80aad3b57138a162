using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.Records;

namespace LoraLab.Server.Storage.Recovery;

/// <summary>
/// Reconciles database and run directories at startup. After damage the database is empty and every run is rebuilt from its directory;
/// otherwise only the differences left by a crash are resolved.
/// </summary>
internal sealed class RunReconciler(
    IRunStore store,
    RunRecords records,
    ExperimentRecords experiments,
    RunDeletions deletions,
    RunRebuilder rebuilder,
    LoraLabPaths paths,
    ILogger<RunReconciler> log)
{
    public void Run()
    {
        try
        {
            Reconcile();
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            throw new StartFailure($"The runs in {paths.RunsDirectory} cannot be read into the database ({error.Message.TrimEnd('.')}); "
                + "make the data directory writable, free some disk space, and start again.");
        }
    }

    private void Reconcile()
    {
        FinishDeletions();
        FinishExperimentDeletions();
        ReconcileExperiments();
        foreach (StoredRun run in store.Enumerate(RunFilter.All).Where(run => !records.IsCurrent(run)))
        {
            records.Save(run);
        }

        SaveResponses();
        List<string> rebuilt = [];
        foreach (string id in records.RunIds.Where(id => store.Find(id) is null))
        {
            try
            {
                rebuilder.Rebuild(id);
                rebuilt.Add(id);
            }
            catch (Exception error) when (!StorageFailure.Is(error))
            {
                // One invalid directory must not prevent the others from being rebuilt.
                log.LogError(error, "Cannot rebuild run {Run} from its directory, which is left unchanged", id);
            }
        }

        if (rebuilt.Count > 0)
        {
            log.LogWarning(
                "Rebuilt {Count} runs that were missing in the database from their directories: {Runs}",
                rebuilt.Count,
                string.Join(", ", rebuilt));
        }
    }

    private void ReconcileExperiments()
    {
        foreach (StoredExperiment experiment in store.ListExperiments().Where(experiment => !experiments.IsCurrent(experiment)))
        {
            experiments.Save(experiment);
        }

        foreach (string id in experiments.Ids.Where(id => store.FindExperiment(id) is null))
        {
            if (experiments.Read(id) is not { } experiment)
            {
                log.LogError("Cannot rebuild study or sweep {Experiment} from its file, which is left unchanged", id);
                continue;
            }

            StoredResponse? response = experiments.ReadResponse(id);
            store.Transact(StoreScope.Everything, transaction =>
            {
                transaction.PutExperiment(experiment);
                if (response is not null)
                {
                    transaction.PutResponse(response);
                }
            });
            log.LogWarning("Rebuilt {Kind} {Experiment}, which was missing in the database, from its file", experiment.Kind, id);
        }
    }

    /// <summary>Writes responses that the last server committed but did not write to their files.</summary>
    private void SaveResponses()
    {
        foreach (StoredResponse response in store.ListResponses())
        {
            if (!response.ForExperiment && store.Find(response.CreatedId) is not null && !records.HasResponse(response.CreatedId))
            {
                records.Save(response);
            }
            else if (response.ForExperiment && store.FindExperiment(response.CreatedId) is not null
                && !experiments.HasResponse(response.CreatedId))
            {
                experiments.Save(response);
            }
        }
    }

    private void FinishDeletions()
    {
        foreach (string id in deletions.Pending)
        {
            if (store.Find(id) is { } run && !run.Document.State.IsTerminal() && run.Document.State != RunState.Queued)
            {
                // The deletion was rejected, because the run had started.
                deletions.Cancel(id);
                continue;
            }

            RemoveFromStore(id);
            deletions.Finish(id);
        }

        foreach (string id in deletions.Detached)
        {
            if (records.RunIds.Contains(id))
            {
                log.LogWarning("Run {Run} has both a directory and one that is being deleted; both are left unchanged", id);
                continue;
            }

            RemoveFromStore(id);
            deletions.Finish(id);
        }
    }

    private void FinishExperimentDeletions()
    {
        foreach (string id in experiments.Deleting)
        {
            if (store.FindExperiment(id) is null)
            {
                experiments.Delete(id);
            }
            else
            {
                // The database did not remove it; the client that requested the deletion got no response.
                experiments.CancelDeletion(id);
            }
        }
    }

    private void RemoveFromStore(string id) => store.Transact(StoreScope.Run(id), transaction =>
    {
        if (transaction.Find(id) is not null)
        {
            transaction.Remove(id);
        }
    });
}
