using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Storage.Leases;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// The store of several machines. Every read asks the database; a transaction locks the rows that it reads, and the submission and order
/// of runs and the steps of studies and sweeps one lock of their own, so that its work is executed again only after a deadlock.
/// </summary>
internal sealed class PostgresRunStore : ReadingStore, IRunStore, IDisposable
{
    private const int MaximumAttempts = 10;

    private readonly PostgresDatabase _database;
    private readonly SqlQuery _query;
    private readonly SqlReader _reader;
    private readonly EventRelay _relay;
    private readonly HeldLeases _held;
    private readonly LeaseTimes _times;
    private readonly StoreChanges _changes;
    private readonly TimeProvider _time;
    private readonly bool _repeat;

    public PostgresRunStore(
        PostgresDatabase database,
        TransientRows passing,
        HeldLeases held,
        LeaseTimes times,
        ILiveSink sink,
        StoreChanges changes,
        IOptions<LoraLabOptions> options,
        TimeProvider time,
        ILogger<PostgresRunStore> log)
    {
        (_database, _query, _held, _times) = (database, database.Query, held, times);
        (_changes, _time, _repeat) = (changes, time, options.Value.RepeatTransactions);
        _reader = new SqlReader(_query);
        // As the embedded store, at each start.
        ResponseRows.Prune(_query);
        TransactionLocks.Prune(_query);
        _relay = new EventRelay(database, _reader, passing, sink, changes, options.Value.Role != NodeRoles.Worker, log);
    }

    public long Seq => _relay.Seq;

    public bool HasRecords => false;

    protected override IStoreReader Reader => _reader;

    public T Transact<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        long began = _time.GetTimestamp();
        try
        {
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    return Execute(scope, work);
                }
                catch (PostgresException conflict) when (IsConflict(conflict) && attempt < MaximumAttempts)
                {
                    Thread.Sleep(Random.Shared.Next(5 * attempt));
                }
            }
        }
        finally
        {
            Telemetry.StoreWrite.Record(_time.GetElapsedTime(began).TotalSeconds);
        }
    }

    public EventPage ReadEvents(long afterSeq, string? runId = null)
    {
        long seq = _relay.Seq;
        return afterSeq > seq || (afterSeq < seq && afterSeq + 1 < EventRows.Oldest(_query))
            ? new EventPage(seq, Complete: false, [])
            : new EventPage(seq, Complete: true, EventRows.After(_query, afterSeq, seq, runId));
    }

    public IReadOnlyDictionary<string, MetricSeries> ReadSeries(string runId, IReadOnlyCollection<string>? keys, int? attempt = null) =>
        PointRows.Read(_query, runId, keys, SeriesRange.Of(attempt, attempt is null ? Find(runId) : null));

    public void CatchUp() => _relay.CatchUp();

    public StoredResponse? FindResponse(string key) =>
        _query.One("select document from responses where key = $1", ResponseRows.Read, key);

    public IReadOnlyList<StoredResponse> ListResponses() => _query.All("select document from responses", ResponseRows.Read);

    /// <summary>Nothing to do: the database moves its log by itself.</summary>
    public void Checkpoint()
    {
    }

    /// <summary>Nothing to do: there are no files beside the database.</summary>
    public void RetryRecords()
    {
    }

    /// <summary>The next moment that no id has, on any node.</summary>
    public long? ReserveMoment(long atLeast) =>
        _query.One("update moments set last = greatest(last + 1, $1) returning last", row => row.GetInt64(0), atLeast);

    public void Dispose() => _relay.Dispose();

    private T Execute<T>(StoreScope scope, Func<IStoreTransaction, T> work)
    {
        long began = MonotonicClock.Now;
        using NpgsqlConnection connection = _database.Source.OpenConnection();
        // An exception closes the connection within the transaction, and the pool rolls it back.
        SqlTransaction transaction = new(connection, scope, TransactionLocks.Begin(connection, scope, _held), _times.Length);
        T result = _repeat ? Twice(connection, scope, transaction, work) : work(transaction);
        if (transaction.IsEmpty)
        {
            return result;
        }

        Guid id = Guid.CreateVersion7();
        long last;
        try
        {
            last = transaction.Commit(id, _relay.Origin);
        }
        catch (PostgresException duplicate) when (ResponseRows.IsTaken(duplicate))
        {
            throw new KeyTakenException();
        }
        catch (NpgsqlException lost) when (LostAnswers.Is(lost))
        {
            if (!LostAnswers.IsCommitted(_query, id, _time, lost))
            {
                throw;
            }

            last = 0;
        }

        connection.Close();
        UpdateLeases(transaction, began + (long)_times.Length.TotalMilliseconds);
        _relay.CatchUp();
        EventRows.Prune(_query, last, transaction.Events);
        _changes.Publish(transaction.Changes);
        return result;
    }

    private void UpdateLeases(SqlTransaction transaction, long until)
    {
        if (transaction.Taken is var (run, attempt, token))
        {
            _held.Add(new Lease(run, attempt, token, until));
        }

        foreach ((string id, StoredRun? changed) in transaction.Changed)
        {
            if (changed is null || !changed.Document.State.IsActive())
            {
                _held.Remove(id);
            }
        }
    }

    private T Twice<T>(
        NpgsqlConnection connection, StoreScope scope, SqlTransaction transaction, Func<IStoreTransaction, T> work)
    {
        using (NpgsqlCommand mark = new("savepoint beginning", connection))
        {
            mark.ExecuteNonQuery();
        }

        int times = 0;
        return TransactionReplayCheck.Run(new SqlTransaction(connection, scope, transaction.Now, _times.Length), transaction, staged =>
        {
            if (times++ == 1)
            {
                using NpgsqlCommand back = new("rollback to savepoint beginning", connection);
                back.ExecuteNonQuery();
            }

            return work(staged);
        });
    }

    private static bool IsConflict(PostgresException error) =>
        error.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure;
}
