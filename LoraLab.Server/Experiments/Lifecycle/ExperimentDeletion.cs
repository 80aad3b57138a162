using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Records;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>Deletes studies and sweeps that have ended. Their runs become runs of their own, or are deleted as well.</summary>
internal sealed class ExperimentDeletion(IRunStore store, RunService runs, ExperimentRecords records)
{
    /// <summary>Runs per transaction: others are not held up by thousands of runs.</summary>
    private const int ChunkSize = 100;

    /// <summary>Deletes a study or sweep. With its runs, these come first: a request that fails midway can be repeated.</summary>
    /// <param name="experiment">The study or sweep.</param>
    /// <param name="withRuns">Whether its runs are deleted as well.</param>
    /// <exception cref="ApiFailure">It or one of its runs is active.</exception>
    public void Delete(StoredExperiment experiment, bool withRuns)
    {
        (ExperimentKind kind, string id) = (experiment.Kind, experiment.Id);
        RequireEnded(store, kind, id);
        if (withRuns)
        {
            DeleteRuns(kind, id);
        }

        if (store.HasRecords)
        {
            records.BeginDeletion(id);
        }

        try
        {
            store.Transact(StoreScope.Experiment(id), transaction =>
            {
                RequireEnded(transaction, kind, id);
                foreach (RunDocument run in transaction.RunsOf(kind, id).Values.OrderBy(run => run.Id, StringComparer.Ordinal))
                {
                    Detach(transaction, run.Id);
                }

                transaction.RemoveExperiment(id);
            });
        }
        finally
        {
            // A failed commit may have taken effect after all: the files are then removed at the next start.
            if (store.HasRecords && store.FindExperiment(id) is not null)
            {
                records.CancelDeletion(id);
            }
        }
    }

    private static void RequireEnded(IStoreReader store, ExperimentKind kind, string id)
    {
        string noun = kind.ToString();
        string code = $"{noun.ToLowerInvariant()}Active";
        if (store.FindExperiment(id) is { Ended: false })
        {
            throw ApiFailure.Conflict(code, $"{noun} {id} has not ended; cancel it before deleting it.");
        }

        int active = store.List(RunFilter.InStates([.. Enum.GetValues<RunState>().Where(state => !state.IsTerminal())]) with
        {
            StudyId = kind == ExperimentKind.Study ? id : null,
            SweepId = kind == ExperimentKind.Sweep ? id : null,
        }, RunSort.Oldest, 1).Total;
        if (active > 0)
        {
            throw ApiFailure.Conflict(
                code, $"{noun} {id} has {active} {(active == 1 ? "run" : "runs")} that have not ended; cancel them before deleting it.");
        }
    }

    private static void Detach(IStoreTransaction transaction, string runId)
    {
        StoredRun run = transaction.Find(runId)!;
        RunDocument own = run.Document with { StudyId = null, SweepId = null };
        transaction.Put(run with { Document = own, ExperimentKey = null });
        transaction.EmitState(own);
    }

    private void DeleteRuns(ExperimentKind kind, string id)
    {
        foreach (string[] chunk in store.RunsOf(kind, id).Values.Select(run => run.Id).Order(StringComparer.Ordinal).Chunk(ChunkSize))
        {
            foreach ((string run, ApiFailure? refused) in runs.Delete(chunk, own => (own.StudyId ?? own.SweepId) == id))
            {
                if (refused is { Status: StatusCodes.Status409Conflict })
                {
                    throw ApiFailure.Conflict(refused.Code, $"{refused.Message} {kind} {id} was not deleted (run {run} is left).");
                }
            }
        }
    }
}
