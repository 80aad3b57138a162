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
/// The embedded store. LiteDB 5 does not support concurrent writers, so one lock serializes every access to the single
/// database object; documents are also held in memory, indexed for lists, so that most reads need no lock. Only the
/// database is written inside the lock: the files beside it are written by the <see cref="RecordWriter"/>.
/// </summary>
internal sealed class LiteDbRunStore : StoreViewReader, IRunStore, IDisposable
{
    private readonly Lock gate = new();
    private readonly string path;
    private readonly ILiveSink sink;
    private readonly StoreChanges changes;
    private readonly TimeProvider time;
    private readonly RunRecords records;
    private readonly ExperimentRecords experimentRecords;
    private readonly StoreStateFile stateFile;
    private readonly DiskReserve reserve;
    private readonly RecordWriter writer;
    private readonly bool repeat;
    private Tables? tables;
    private volatile StoreView view;
    private long seq;

    public LiteDbRunStore(
        LoraLabPaths paths, DataDirectoryLock _, ILiveSink sink, StoreChanges changes, RunRecords records, ExperimentRecords experimentRecords, StoreStateFile stateFile, DiskReserve reserve, IOptions<LoraLabOptions> options, TimeProvider time, ILogger<LiteDbRunStore> log)
    {
        (path, this.sink, this.changes, this.records, this.experimentRecords, this.stateFile, this.reserve, this.time) = (paths.Database, sink, changes, records, experimentRecords, stateFile, reserve, time);
        repeat = options.Value.RepeatTransactions;
        reserve.Allocate();
        tables = new Tables(new DatabaseOpener(time, log).Open(path));
        if (stateFile.ResumeSeq(tables.Seq) != tables.Seq)
        {
            tables.StartAt(stateFile.ResumeSeq(tables.Seq), stateFile.Paused);
        }

        tables.PruneResponses(time.GetUtcNow());
        seq = tables.Seq;
        view = Read(tables);
        writer = new RecordWriter(records, experimentRecords, stateFile, log);
        if (stateFile.Paused != view.Paused)
        {
            // The last server committed it, and died before it was in the file.
            RetryRecords();
        }
    }

    public long Seq => Interlocked.Read(ref seq);

    protected override StoreView View => view;

    public T Transact<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        long began = time.GetTimestamp();
        try
        {
            return Execute(scope, work);
        }
        catch (Exception error) when (DiskSpace.IsShort(error) && reserve.Release())
        {
            return Execute(scope, work);
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
            : AttemptSteps.LastEffectiveStep(Find(runId)?.Document.Attempts ?? []);
        return Using(open => open.Chunks.Read(runId, keys, lastStep));
    }

    public EventPage ReadEvents(long afterSeq, string? runId = null) => Using(open =>
        afterSeq > seq || (afterSeq < seq && afterSeq + 1 < open.OldestEvent)
            ? new EventPage(seq, Complete: false, [])
            : new EventPage(seq, Complete: true, open.EventsAfter(afterSeq, runId)));

    public StoredResponse? FindResponse(string key) => Using(open => open.FindResponse(key));

    public IReadOnlyList<StoredResponse> ListResponses() => Using(open => open.AllResponses());

    public void Checkpoint() => Using(open =>
    {
        open.Checkpoint();
        return true;
    });

    public void RetryRecords()
    {
        long ticket;
        lock (gate)
        {
            // Inside the lock, so that a run that is removed meanwhile is not written after its removal.
            StoreView now = view;
            ticket = writer.Enqueue(batch =>
            {
                foreach (StoredRun run in records.Unwritten(now.Find))
                {
                    batch.Runs[run.Document.Id] = run;
                }

                foreach (StoredExperiment experiment in experimentRecords.Unwritten(now.FindExperiment))
                {
                    batch.Experiments[experiment.Id] = experiment;
                }

                batch.State = stateFile.MarkRequested(stateFile.Next(seq, now.Paused)) ?? batch.State;
            });
        }

        writer.Wait(ticket);
    }

    public void Dispose()
    {
        lock (gate)
        {
            Close();
        }

        writer.Dispose();
    }

    /// <summary>A new database takes the paused state from <c>store.json</c>.</summary>
    private StoreView Read(Tables open) => new(RunIndex.Create(open.AllRuns()), open.AllExperiments().ToImmutableDictionary(experiment => experiment.Id), open.Paused ?? stateFile.Paused);

    /// <summary>After a failure, the next access reopens the database.</summary>
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

    /// <summary>
    /// Executes the work, and waits outside the lock for the files: before it for reserved event numbers, after it for records.
    /// </summary>
    private T Execute<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        while (true)
        {
            (T result, long ticket, long? uncovered) = TryExecute(scope, work);
            if (uncovered is not long numbers)
            {
                writer.Wait(ticket);
                return result;
            }

            writer.WaitForState(ticket, numbers);
        }
    }

    /// <summary>Nothing was written if the result contains event numbers that <c>store.json</c> does not cover yet.</summary>
    private (T Result, long Ticket, long? Uncovered) TryExecute<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        lock (gate)
        {
            try
            {
                return ExecuteInGate(scope, work);
            }
            catch (Exception error) when (DiskSpace.IsShort(error) && reserve.Release())
            {
                // Inside the lock: no reader sees the database between its failure and the release of the reserve.
                return ExecuteInGate(scope, work);
            }
        }
    }

    private (T Result, long Ticket, long? Uncovered) ExecuteInGate<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        // Inside the lock: later transactions have later times.
        DateTimeOffset now = time.GetUtcNow();
        Tables open = Open();
        StoreView before = view;
        StagedTransaction staged = new(before, scope, now, this);
        T result = repeat ? TransactionReplayCheck.Run(new StagedTransaction(before, scope, now, this), staged, work) : work(staged);
        if (staged.IsEmpty)
        {
            return (result, 0, null);
        }

        StoreStateFile.Content? next = stateFile.Next(seq + staged.Events, staged.Paused);
        if (!stateFile.Covers(seq + staged.Events))
        {
            return (result, writer.Enqueue(batch => batch.State = stateFile.MarkRequested(next) ?? batch.State), seq + staged.Events);
        }

        Commit(open, staged, before);
        return (result, EnqueueRecords(staged, before, next), null);
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
            Abandon(open, error);
            throw;
        }

        view = staged.Result;
        Interlocked.Exchange(ref seq, open.Seq);
        // Inside the lock: subscribers see events in the order of their numbers.
        sink.Publish(numbered);
        changes.Publish(staged.ChangesSince(before));
    }

    /// <summary>Enqueues the files of a transaction; returns the ticket to wait for, 0 if there is no need to wait.</summary>
    private long EnqueueRecords(StagedTransaction staged, StoreView before, StoreStateFile.Content? next)
    {
        bool waits = staged.Responses.Count > 0 || staged.ChangedExperiments.Count > 0 || staged.Paused != before.Paused
            || staged.Changed.Any(change => change.Value is null || RunRecords.NeedsRecord(before.Find(change.Key), change.Value));
        if (!waits && next is null)
        {
            return 0;
        }

        long ticket = writer.Enqueue(batch =>
        {
            batch.Add(staged.Changed, before.Find, staged.ChangedExperiments.Values, staged.Responses);
            batch.State = stateFile.MarkRequested(next) ?? batch.State;
        });
        return waits ? ticket : 0;
    }

    /// <summary>Rolls back after a bug in the program; after a disk error LiteDB is unusable and is closed.</summary>
    private void Abandon(Tables open, Exception error)
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
        long published = seq;
        view = Read(open);
        Interlocked.Exchange(ref seq, open.Seq);
        tables = open;
        // A commit whose last flush failed may have taken effect after all.
        sink.Publish(open.EventsAfter(published));
        changes.Publish([new StoreReopened()]);
        return open;
    }

    private void Close()
    {
        tables?.Dispose();
        tables = null;
    }
}
