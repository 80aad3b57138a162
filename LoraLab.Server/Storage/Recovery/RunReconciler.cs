using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.Records;

namespace LoraLab.Server.Storage.Recovery;

/// <summary>
/// At start: makes database and run directories agree. After a damage the database is empty and every run comes back from its directory;
/// otherwise it is what a crash left between the two.
/// </summary>
internal sealed class RunReconciler(IRunStore store, RunRecords records, ExperimentRecords experiments, RunDeletions deletions, RunRebuilder rebuilder, LoraLabPaths paths, ILogger<RunReconciler> log)
{
    public void Run()
    {
        try
        {
            Reconcile();
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            throw new StartFailure($"The runs in {paths.RunsDirectory} cannot be read into the database ({error.Message.TrimEnd('.')}); make the data directory writable and its disk large enough, and start again.");
        }
    }

    private void Reconcile()
    {
        FinishDeletions();
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
                // One directory that makes no sense must not keep the others away.
                log.LogError(error, "Run {Run} cannot be rebuilt from its directory, which is left as it is", id);
            }
        }

        if (rebuilt.Count > 0)
        {
            log.LogWarning("{Count} runs that the database did not have were rebuilt from their directories: {Runs}", rebuilt.Count, string.Join(", ", rebuilt));
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
                log.LogError("Study or sweep {Plan} cannot be rebuilt from its file, which is left as it is", id);
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
            log.LogWarning("{Kind} {Plan}, which the database did not have, was rebuilt from its file", experiment.Kind, id);
        }
    }

    /// <summary>Answers that the last server committed, and was gone before they were in their files.</summary>
    private void SaveResponses()
    {
        foreach (StoredResponse response in store.ListResponses())
        {
            if (!response.ForExperiment && store.Find(response.CreatedId) is not null && !records.HasResponse(response.CreatedId))
            {
                records.Save(response);
            }
            else if (response.ForExperiment && store.FindExperiment(response.CreatedId) is not null && !experiments.HasResponse(response.CreatedId))
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
                // Refused, because the run had begun.
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
                log.LogWarning("Run {Run} has a directory and one of its deletion; both are left as they are", id);
                continue;
            }

            RemoveFromStore(id);
            deletions.Finish(id);
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
