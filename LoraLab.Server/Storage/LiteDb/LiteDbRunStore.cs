using System.Collections.Immutable;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Files;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Storage.Records;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>
/// The embedded store. LiteDB 5 is not safe under concurrent writers, so one gate serialises every access to the one
/// database object; run documents are held in memory too (they are few and small), so that most reads need no gate.
/// </summary>
internal sealed class LiteDbRunStore : IRunStore, IDisposable
{
    private readonly Lock gate = new();
    private readonly string path;
    private readonly ILiveSink sink;
    private readonly TimeProvider time;
    private readonly RunRecords records;
    private readonly PlanRecords planRecords;
    private readonly StoreLedger ledger;
    private readonly DiskReserve reserve;
    private Tables? tables;
    private ImmutableDictionary<string, StoredRun> runs;
    private ImmutableDictionary<string, StoredPlan> plans;
    private long seq;
    private volatile bool paused;

    public LiteDbRunStore(LoraLabPaths paths, DataDirectoryLock _, ILiveSink sink, RunRecords records, PlanRecords planRecords, StoreLedger ledger, DiskReserve reserve, TimeProvider time, ILogger<LiteDbRunStore> log)
    {
        (path, this.sink, this.records, this.planRecords, this.ledger, this.reserve, this.time) = (paths.Database, sink, records, planRecords, ledger, reserve, time);
        reserve.Take();
        tables = new Tables(new DatabaseOpener(time, log).Open(path));
        if (ledger.SeqAfter(tables.Seq) != tables.Seq)
        {
            tables.StartAt(ledger.SeqAfter(tables.Seq), ledger.Paused);
        }

        tables.ForgetAnswers(time.GetUtcNow());
        seq = tables.Seq;
        paused = tables.Paused ?? false;
        runs = tables.AllRuns().ToImmutableDictionary(run => run.Document.Id);
        plans = tables.AllPlans().ToImmutableDictionary(plan => plan.Id);
    }

    public long Seq => Interlocked.Read(ref seq);

    public bool Paused => paused;

    public IReadOnlyCollection<StoredRun> Runs => [.. runs.Values];

    public StoredRun? Find(string runId) => runs.GetValueOrDefault(runId);

    public IReadOnlyCollection<StoredPlan> Plans => [.. plans.Values];

    public StoredPlan? FindPlan(string planId) => plans.GetValueOrDefault(planId);

    public T Transact<T>(Func<IStoreTransaction, T> work)
    {
        long began = time.GetTimestamp();
        lock (gate)
        {
            try
            {
                return Attempt(work);
            }
            catch (Exception error) when (DiskSpace.IsShort(error) && reserve.Release())
            {
                return Attempt(work);
            }
            finally
            {
                Telemetry.StoreWrite.Record(time.GetElapsedTime(began).TotalSeconds);
            }
        }
    }

    public IReadOnlyDictionary<string, MetricSeries> ReadSeries(string runId, IReadOnlyCollection<string>? keys, int? attempt = null)
    {
        Func<int, int> lastStep = attempt is int only
            ? number => number == only ? int.MaxValue : -1
            : AttemptSteps.LastThatCount(runs.GetValueOrDefault(runId)?.Document.Attempts ?? []);
        return Using(open => open.Chunks.Read(runId, keys, lastStep));
    }

    public EventPage ReadEvents(long afterSeq, string? runId = null) => Using(open =>
        afterSeq > seq || (afterSeq < seq && afterSeq + 1 < open.OldestEvent)
            ? new EventPage(seq, Complete: false, [])
            : new EventPage(seq, Complete: true, open.EventsAfter(afterSeq, runId)));

    public StoredAnswer? FindAnswer(string key) => Using(open => open.FindAnswer(key));

    public void Checkpoint() => Using(open =>
    {
        open.Checkpoint();
        return true;
    });

    public void Dispose()
    {
        lock (gate)
        {
            Close();
        }
    }

    /// <summary>After a failure the database is opened again by whoever comes next.</summary>
    private T Using<T>(Func<Tables, T> work)
    {
        lock (gate)
        {
            try
            {
                return work(Open());
            }
            catch
            {
                Close();
                throw;
            }
        }
    }

    private T Attempt<T>(Func<IStoreTransaction, T> work)
    {
        Tables open = Open();
        StagedTransaction staged = new(runs, plans, paused, time);
        T result = work(staged);
        if (!staged.IsEmpty)
        {
            Commit(open, staged);
        }

        return result;
    }

    private void Commit(Tables open, StagedTransaction staged)
    {
        IReadOnlyList<LiveEvent> numbered = staged.NumberEvents(seq);
        ImmutableDictionary<string, StoredRun> before = runs;
        try
        {
            ledger.Cover(seq + numbered.Count, staged.Paused);
            open.Commit(staged, numbered);
        }
        catch (Exception error)
        {
            GiveUp(open, error);
            throw;
        }

        runs = staged.Result;
        plans = staged.ResultingPlans;
        paused = staged.Paused;
        Interlocked.Exchange(ref seq, open.Seq);
        Record(staged, before);
        // Inside the gate: subscribers see events in the order of their numbers.
        sink.Accept(numbered);
    }

    private void Record(StagedTransaction staged, ImmutableDictionary<string, StoredRun> before)
    {
        foreach (StoredRun run in staged.Changed.Values.OfType<StoredRun>())
        {
            if (RunRecords.IsNews(before.GetValueOrDefault(run.Document.Id), run))
            {
                records.Save(run);
            }
        }

        foreach (StoredPlan plan in staged.ChangedPlans.Values)
        {
            planRecords.Save(plan);
        }

        foreach (StoredAnswer answer in staged.Answers)
        {
            if (answer.OfPlan)
            {
                planRecords.Save(answer);
            }
            else
            {
                records.Save(answer);
            }
        }
    }

    /// <summary>A mistake in the program is rolled back; after an error of the disk LiteDB is of no use any more.</summary>
    private void GiveUp(Tables open, Exception error)
    {
        if (StorageFailure.Is(error))
        {
            Close();
            return;
        }

        try
        {
            open.Rollback();
        }
        catch (Exception)
        {
            Close();
        }
    }

    private Tables Open()
    {
        if (tables is { } open)
        {
            return open;
        }

        open = new Tables(DatabaseFile.Open(path));
        long told = seq;
        runs = open.AllRuns().ToImmutableDictionary(run => run.Document.Id);
        plans = open.AllPlans().ToImmutableDictionary(plan => plan.Id);
        paused = open.Paused ?? false;
        Interlocked.Exchange(ref seq, open.Seq);
        tables = open;
        // A commit whose last flush failed may be there all the same.
        sink.Accept(open.EventsAfter(told));
        return open;
    }

    private void Close()
    {
        tables?.Dispose();
        tables = null;
    }
}
