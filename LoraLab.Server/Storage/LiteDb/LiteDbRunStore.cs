using System.Collections.Immutable;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Files;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Storage.Index;
using LoraLab.Server.Storage.Records;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>
/// The embedded store. LiteDB 5 is not safe under concurrent writers, so one gate serialises every access to the one
/// database object; documents are held in memory too, with an index for whatever lists ask, so that most reads need no gate. Nothing but the
/// database is written inside the gate: the files beside it are the <see cref="RecordWriter"/>'s.
/// </summary>
internal sealed class LiteDbRunStore : StoreViewReader, IRunStore, IDisposable
{
    private readonly Lock gate = new();
    private readonly string path;
    private readonly ILiveSink sink;
    private readonly StoreChanges changes;
    private readonly TimeProvider time;
    private readonly RunRecords records;
    private readonly ExperimentRecords planRecords;
    private readonly StoreStateFile ledger;
    private readonly DiskReserve reserve;
    private readonly RecordWriter writer;
    private readonly bool repeat;
    private Tables? tables;
    private volatile StoreView view;
    private long seq;

    public LiteDbRunStore(
        LoraLabPaths paths, DataDirectoryLock _, ILiveSink sink, StoreChanges changes, RunRecords records, ExperimentRecords planRecords, StoreStateFile ledger, DiskReserve reserve, IOptions<LoraLabOptions> options, TimeProvider time, ILogger<LiteDbRunStore> log)
    {
        (path, this.sink, this.changes, this.records, this.planRecords, this.ledger, this.reserve, this.time) = (paths.Database, sink, changes, records, planRecords, ledger, reserve, time);
        repeat = options.Value.RepeatTransactions;
        reserve.Take();
        tables = new Tables(new DatabaseOpener(time, log).Open(path));
        if (ledger.SeqAfter(tables.Seq) != tables.Seq)
        {
            tables.StartAt(ledger.SeqAfter(tables.Seq), ledger.Paused);
        }

        tables.ForgetAnswers(time.GetUtcNow());
        seq = tables.Seq;
        view = Read(tables);
        writer = new RecordWriter(records, planRecords, ledger, log);
        if (ledger.Paused != view.Paused)
        {
            // The last server committed it, and was gone before it was in the file.
            WriteRecordsAgain();
        }
    }

    public long Seq => Interlocked.Read(ref seq);

    protected override StoreView View => view;

    public T Transact<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        long began = time.GetTimestamp();
        try
        {
            return Take(scope, work);
        }
        catch (Exception error) when (DiskSpace.IsShort(error) && reserve.Release())
        {
            return Take(scope, work);
        }
        finally
        {
            Telemetry.StoreWrite.Record(time.GetElapsedTime(began).TotalSeconds);
        }
    }

    public IReadOnlyDictionary<string, MetricSeries> ReadSeries(string runId, IReadOnlyCollection<string>? keys, int? attempt = null)
    {
        Func<int, int> lastStep = attempt is int only
            ? number => number == only ? int.MaxValue : -1
            : AttemptSteps.LastThatCount(Find(runId)?.Document.Attempts ?? []);
        return Using(open => open.Chunks.Read(runId, keys, lastStep));
    }

    public EventPage ReadEvents(long afterSeq, string? runId = null) => Using(open =>
        afterSeq > seq || (afterSeq < seq && afterSeq + 1 < open.OldestEvent)
            ? new EventPage(seq, Complete: false, [])
            : new EventPage(seq, Complete: true, open.EventsAfter(afterSeq, runId)));

    public StoredResponse? FindAnswer(string key) => Using(open => open.FindAnswer(key));

    public IReadOnlyList<StoredResponse> ListAnswers() => Using(open => open.AllAnswers());

    public void Checkpoint() => Using(open =>
    {
        open.Checkpoint();
        return true;
    });

    public void WriteRecordsAgain()
    {
        long asked;
        lock (gate)
        {
            // Inside the gate, so that a run which is removed meanwhile is not written behind its removal.
            StoreView now = view;
            asked = writer.Ask(batch =>
            {
                foreach (StoredRun run in records.Unwritten(now.Find))
                {
                    batch.Runs[run.Document.Id] = run;
                }

                foreach (StoredExperiment plan in planRecords.Unwritten(now.FindPlan))
                {
                    batch.Plans[plan.Id] = plan;
                }

                batch.Ledger = ledger.Asked(ledger.Next(seq, now.Paused)) ?? batch.Ledger;
            });
        }

        writer.Wait(asked);
    }

    public void Dispose()
    {
        lock (gate)
        {
            Close();
        }

        writer.Dispose();
    }

    /// <summary>A database in which nobody ever said so is paused where the one before it was.</summary>
    private StoreView Read(Tables open) => new(RunIndex.Of(open.AllRuns()), open.AllPlans().ToImmutableDictionary(plan => plan.Id), open.Paused ?? ledger.Paused);

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

    /// <summary>Does the work, and waits outside the gate for what must be in the files: before, for numbers of events; behind, for records.</summary>
    private T Take<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        while (true)
        {
            (T result, long asked, long? uncovered) = Attempt(scope, work);
            if (uncovered is not long numbers)
            {
                writer.Wait(asked);
                return result;
            }

            writer.WaitForLedger(asked, numbers);
        }
    }

    /// <summary>Nothing was written where the result has numbers that <c>store.json</c> does not cover yet.</summary>
    private (T Result, long Asked, long? Uncovered) Attempt<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        lock (gate)
        {
            try
            {
                return AttemptInGate(scope, work);
            }
            catch (Exception error) when (DiskSpace.IsShort(error) && reserve.Release())
            {
                // Inside the gate: nobody who reads meets the database between its end and the room that is made for it.
                return AttemptInGate(scope, work);
            }
        }
    }

    private (T Result, long Asked, long? Uncovered) AttemptInGate<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        // Inside the gate: who comes later has the later time.
        DateTimeOffset now = time.GetUtcNow();
        Tables open = Open();
        StoreView before = view;
        StagedTransaction staged = new(before, scope, now, this);
        T result = repeat ? TransactionReplayCheck.Do(new StagedTransaction(before, scope, now, this), staged, work) : work(staged);
        if (staged.IsEmpty)
        {
            return (result, 0, null);
        }

        StoreStateFile.Content? next = ledger.Next(seq + staged.Events, staged.Paused);
        if (!ledger.Covers(seq + staged.Events))
        {
            return (result, writer.Ask(batch => batch.Ledger = ledger.Asked(next) ?? batch.Ledger), seq + staged.Events);
        }

        Commit(open, staged, before);
        return (result, Record(staged, before, next), null);
    }

    private void Commit(Tables open, StagedTransaction staged, StoreView before)
    {
        IReadOnlyList<LiveEvent> numbered = staged.NumberEvents(seq);
        try
        {
            open.Commit(staged, numbered);
        }
        catch (Exception error)
        {
            GiveUp(open, error);
            throw;
        }

        view = staged.Result;
        Interlocked.Exchange(ref seq, open.Seq);
        // Inside the gate: subscribers see events in the order of their numbers.
        sink.Accept(numbered);
        changes.Tell(staged.ChangesSince(before));
    }

    /// <summary>Asks for the files of a transaction; the number of the question, 0 where nobody needs to wait.</summary>
    private long Record(StagedTransaction staged, StoreView before, StoreStateFile.Content? next)
    {
        bool waits = staged.Answers.Count > 0 || staged.ChangedPlans.Count > 0 || staged.Paused != before.Paused
            || staged.Changed.Any(change => change.Value is null || RunRecords.IsNews(before.Find(change.Key), change.Value));
        if (!waits && next is null)
        {
            return 0;
        }

        long asked = writer.Ask(batch =>
        {
            batch.Add(staged.Changed, before.Find, staged.ChangedPlans.Values, staged.Answers);
            batch.Ledger = ledger.Asked(next) ?? batch.Ledger;
        });
        return waits ? asked : 0;
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
        view = Read(open);
        Interlocked.Exchange(ref seq, open.Seq);
        tables = open;
        // A commit whose last flush failed may be there all the same.
        sink.Accept(open.EventsAfter(told));
        changes.Tell([new StoreReopened()]);
        return open;
    }

    private void Close()
    {
        tables?.Dispose();
        tables = null;
    }
}
