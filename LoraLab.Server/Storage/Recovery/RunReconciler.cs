using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.Records;

namespace LoraLab.Server.Storage.Recovery;

/// <summary>
/// At start: makes database and run directories agree. After a damage the database is empty and every run comes back from its directory;
/// otherwise it is what a crash left between the two.
/// </summary>
internal sealed class RunReconciler(IRunStore store, RunRecords records, PlanRecords plans, RunRebuilder rebuilder, LoraLabPaths paths, ILogger<RunReconciler> log)
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
        ReconcilePlans();
        foreach (StoredRun run in store.Runs.Where(run => !records.IsCurrent(run)))
        {
            records.Save(run);
        }

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

    private void ReconcilePlans()
    {
        foreach (StoredPlan plan in store.Plans.Where(plan => !plans.IsCurrent(plan)))
        {
            plans.Save(plan);
        }

        foreach (string id in plans.Ids.Where(id => store.FindPlan(id) is null))
        {
            if (plans.Read(id) is not { } plan)
            {
                log.LogError("Study or sweep {Plan} cannot be rebuilt from its file, which is left as it is", id);
                continue;
            }

            store.Transact(transaction =>
            {
                transaction.PutPlan(plan);
                if (plans.ReadAnswer(id) is { } answer)
                {
                    transaction.PutAnswer(answer);
                }

                return true;
            });
            log.LogWarning("{Kind} {Plan}, which the database did not have, was rebuilt from its file", plan.Kind, id);
        }
    }

    private void FinishDeletions()
    {
        foreach (string id in records.DeletedIds)
        {
            if (records.RunIds.Contains(id))
            {
                log.LogWarning("Run {Run} has a directory and one of its deletion; both are left as they are", id);
                continue;
            }

            store.Transact(transaction =>
            {
                if (transaction.Find(id) is not null)
                {
                    transaction.Remove(id);
                }

                return true;
            });
            records.RemoveDeleted(id);
        }
    }
}
