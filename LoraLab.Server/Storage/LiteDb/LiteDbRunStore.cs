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
internal sealed class LiteDbRunStore : ReadingStore, IRunStore, IDisposable
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly ILiveSink _sink;
    private readonly StoreChanges _changes;
    private readonly TimeProvider _time;
    private readonly RunRecords _records;
    private readonly ExperimentRecords _experimentRecords;
    private readonly StoreStateFile _stateFile;
    private readonly DiskReserve _reserve;
    private readonly RecordWriter _writer;
    private readonly bool _repeat;
    private Tables? _tables;
    private volatile StoreView _view;
    private long _seq;

    public LiteDbRunStore(
        LoraLabPaths paths,
        DataDirectoryLock _,
        ILiveSink sink,
        StoreChanges changes,
        RunRecords records,
        ExperimentRecords experimentRecords,
        StoreStateFile stateFile,
        DiskReserve reserve,
        IOptions<LoraLabOptions> options,
        TimeProvider time,
        ILogger<LiteDbRunStore> log)
    {
        (_path, _sink, _changes, _records, _experimentRecords, _stateFile, _reserve, _time) =
            (paths.Database, sink, changes, records, experimentRecords, stateFile, reserve, time);
        _repeat = options.Value.RepeatTransactions;
        reserve.Allocate();
        _tables = new Tables(new DatabaseOpener(time, log).Open(_path));
        if (stateFile.ResumeSeq(_tables.Seq) != _tables.Seq)
        {
            _tables.StartAt(stateFile.ResumeSeq(_tables.Seq), stateFile.Paused);
        }

        _tables.PruneResponses(time.GetUtcNow());
        _seq = _tables.Seq;
        _view = Read(_tables);
        _writer = new RecordWriter(records, experimentRecords, stateFile, log);
        if (stateFile.Paused != _view.Paused)
        {
            // The last server committed it, and died before it was in the file.
            RetryRecords();
        }
    }

    public long Seq => Interlocked.Read(ref _seq);

    public bool HasRecords => true;

    protected override IStoreReader Reader => _view;

    public T Transact<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        long began = _time.GetTimestamp();
        try
        {
            return Execute(scope, work);
        }
        catch (Exception error) when (DiskSpace.IsShort(error) && _reserve.Release())
        {
            return Execute(scope, work);
        }
        finally
        {
            Telemetry.StoreWrite.Record(_time.GetElapsedTime(began).TotalSeconds);
        }
    }

    public IReadOnlyDictionary<string, MetricSeries> ReadSeries(string runId, IReadOnlyCollection<string>? keys, int? attempt = null)
    {
        Func<int, int> lastStep = SeriesRange.Of(attempt, attempt is null ? Find(runId) : null);
        return Using(open => open.Chunks.Read(runId, keys, lastStep));
    }

    public EventPage ReadEvents(long afterSeq, string? runId = null) => Using(open =>
        afterSeq > _seq || (afterSeq < _seq && afterSeq + 1 < open.OldestEvent)
            ? new EventPage(_seq, Complete: false, [])
            : new EventPage(_seq, Complete: true, open.EventsAfter(afterSeq, runId)));

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
        lock (_gate)
        {
            // Inside the lock, so that a run that is removed meanwhile is not written after its removal.
            StoreView now = _view;
            ticket = _writer.Enqueue(batch =>
            {
                foreach (StoredRun run in _records.Unwritten(now.Find))
                {
                    batch.Runs[run.Document.Id] = run;
                }

                foreach (StoredExperiment experiment in _experimentRecords.Unwritten(now.FindExperiment))
                {
                    batch.Experiments[experiment.Id] = experiment;
                }

                batch.State = _stateFile.MarkRequested(_stateFile.Next(_seq, now.Paused)) ?? batch.State;
            });
        }

        _writer.Wait(ticket);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            Close();
        }

        _writer.Dispose();
    }

    /// <summary>A new database takes the paused state from <c>store.json</c>.</summary>
    private StoreView Read(Tables open) => new(
        RunIndex.Create(open.AllRuns()),
        open.AllExperiments().ToImmutableDictionary(experiment => experiment.Id),
        open.Paused ?? _stateFile.Paused);

    /// <summary>After a failure, the next access reopens the database.</summary>
    private T Using<T>(Func<Tables, T> work)
    {
        lock (_gate)
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
                _writer.Wait(ticket);
                return result;
            }

            _writer.WaitForState(ticket, numbers);
        }
    }

    /// <summary>Nothing was written if the result contains event numbers that <c>store.json</c> does not cover yet.</summary>
    private (T Result, long Ticket, long? Uncovered) TryExecute<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        lock (_gate)
        {
            try
            {
                return ExecuteInGate(scope, work);
            }
            catch (Exception error) when (DiskSpace.IsShort(error) && _reserve.Release())
            {
                // Inside the lock: no reader sees the database between its failure and the release of the reserve.
                return ExecuteInGate(scope, work);
            }
        }
    }

    private (T Result, long Ticket, long? Uncovered) ExecuteInGate<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        // Inside the lock: later transactions have later times.
        DateTimeOffset now = _time.GetUtcNow();
        Tables open = Open();
        StoreView before = _view;
        ViewTransaction staged = new(before, scope, now, this);
        T result = _repeat ? TransactionReplayCheck.Run(new ViewTransaction(before, scope, now, this), staged, work) : work(staged);
        if (staged.IsEmpty)
        {
            return (result, 0, null);
        }

        StoreStateFile.Content? next = _stateFile.Next(_seq + staged.Events, staged.Paused);
        if (!_stateFile.Covers(_seq + staged.Events))
        {
            return (result, _writer.Enqueue(batch => batch.State = _stateFile.MarkRequested(next) ?? batch.State), _seq + staged.Events);
        }

        Commit(open, staged);
        return (result, EnqueueRecords(staged, before, next), null);
    }

    private void Commit(Tables open, ViewTransaction staged)
    {
        IReadOnlyList<LiveEvent> numbered = staged.NumberEvents(_seq);
        try
        {
            open.Commit(staged, numbered);
        }
        catch (Exception error)
        {
            Abandon(open, error);
            throw;
        }

        _view = staged.Result;
        Interlocked.Exchange(ref _seq, open.Seq);
        // Inside the lock: subscribers see events in the order of their numbers.
        _sink.Publish(numbered);
        _changes.Publish(staged.Changes);
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

        long ticket = _writer.Enqueue(batch =>
        {
            batch.Add(staged.Changed, before.Find, staged.ChangedExperiments, staged.Responses);
            batch.State = _stateFile.MarkRequested(next) ?? batch.State;
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
        if (_tables is { } open)
        {
            return open;
        }

        open = new Tables(DatabaseFile.Open(_path));
        long published = _seq;
        _view = Read(open);
        Interlocked.Exchange(ref _seq, open.Seq);
        _tables = open;
        // A commit whose last flush failed may have taken effect after all.
        _sink.Publish(open.EventsAfter(published));
        _changes.Publish([new StoreReopened()]);
        return open;
    }

    private void Close()
    {
        _tables?.Dispose();
        _tables = null;
    }
}
