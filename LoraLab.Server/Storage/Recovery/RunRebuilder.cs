using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.Records;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Storage.Recovery;

/// <summary>
/// Rebuilds a run in the store from its directory: the record, and the points of every event that the record includes. Later events of an
/// open attempt are imported by the recovery, as after any crash.
/// </summary>
internal sealed class RunRebuilder(IRunStore store, RunRecords records, LoraLabPaths paths)
{
    /// <summary>Restarts from the beginning after an interruption: the run itself is written last.</summary>
    public void Rebuild(string id)
    {
        StoredRun run = records.Read(id) ?? new RunFromFiles(id, records, paths).Rebuild();
        StoredResponse? response = records.ReadResponse(id);
        store.Transact(StoreScope.Everything, transaction => transaction.Remove(id));
        foreach (RunAttempt attempt in run.Document.Attempts)
        {
            AddPoints(id, attempt);
        }

        store.Transact(StoreScope.Everything, transaction =>
        {
            transaction.Put(run);
            transaction.EmitState(run.Document);
            if (response is not null)
            {
                transaction.PutResponse(response);
            }
        });
    }

    private void AddPoints(string id, RunAttempt attempt)
    {
        EventTail tail = new(Path.Combine(paths.RunDirectory(id), RunFiles.Attempt(attempt.Number), RunFiles.Events));
        long seen = 0;
        EventBatch batch;
        do
        {
            batch = tail.Read();
            List<MetricPoint> points = [];
            foreach (WorkerEvent workerEvent in batch.Events.Where(workerEvent => workerEvent.Number <= attempt.LastEvent))
            {
                if (workerEvent.Number > seen)
                {
                    seen = workerEvent.Number;
                    points.AddRange(EventPoints.From(workerEvent, attempt.Number));
                }
            }

            store.Transact(StoreScope.Run(id), transaction => transaction.AddPoints(id, points));
            tail.Advance(batch);
        }
        while (batch.More);
    }
}
