using System.Collections.Concurrent;
using System.Text.Json;
using LoraLab.Contracts.Live;
using LoraLab.Server.Infrastructure;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// What is not stored, such as lines of logs, on its way to the clients of other nodes, in a table that is written a few times per
/// second and keeps a minute.
/// </summary>
internal sealed class TransientRows : ITransientOutlet, IDisposable
{
    private const int MaximumWaiting = 200;

    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan _pruning = TimeSpan.FromMinutes(1);

    private readonly ConcurrentQueue<LiveEvent> _waiting = new();
    private readonly PostgresDatabase _database;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private long _pruned;

    public TransientRows(PostgresDatabase database, TimeProvider time)
    {
        (_database, _time, _pruned) = (database, time, time.GetTimestamp());
        _timer = time.CreateTimer(_ => Flush(), null, _interval, _interval);
    }

    /// <summary>Marks the rows of this node.</summary>
    public Guid Origin { get; } = Guid.NewGuid();

    /// <summary>Number of the last row.</summary>
    public static long Last(SqlQuery query) => query.One("select coalesce(max(id), 0) from passing", row => row.GetInt64(0));

    public void Send(LiveEvent live)
    {
        if (_waiting.Count < MaximumWaiting)
        {
            _waiting.Enqueue(live);
        }
    }

    /// <summary>The rows of other nodes after a number, which is the last one's afterwards.</summary>
    public IReadOnlyList<LiveEvent> After(ref long id)
    {
        IReadOnlyList<(long Id, LiveEvent Live)> rows = _database.Query.All(
            "select id, run, type, at, data from passing where id > $1 and origin <> $2 order by id",
            row => (row.GetInt64(0), new LiveEvent(
                0,
                row.IsDBNull(1) ? null : row.GetString(1),
                row.GetString(2),
                new DateTimeOffset(row.GetDateTime(3)),
                JsonElement.Parse(row.GetString(4)))),
            id,
            Origin);
        id = rows.Count > 0 ? rows[^1].Id : id;
        return [.. rows.Select(row => row.Live)];
    }

    public void Dispose() => _timer.Dispose();

    private void Flush()
    {
        if (_waiting.IsEmpty || !_gate.TryEnter())
        {
            return;
        }

        try
        {
            List<LiveEvent> events = [];
            while (_waiting.TryDequeue(out LiveEvent? live))
            {
                events.Add(live);
            }

            using NpgsqlConnection connection = _database.Source.OpenConnection();
            using NpgsqlBatch batch = new(connection);
            batch.BatchCommands.Add(SqlParameters.Command(
                "insert into passing (run, type, at, data, origin) "
                    + "select run, type, at, data, $1 from unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[]) "
                    + "as event(run, type, at, data)",
                Origin,
                events.Select(live => live.RunId).ToArray(),
                events.Select(live => live.Type).ToArray(),
                events.Select(live => live.At.ToUniversalTime()).ToArray(),
                events.Select(live => RunRow.Json(live.Data)).ToArray()));
            if (_time.GetElapsedTime(_pruned) > _pruning)
            {
                _pruned = _time.GetTimestamp();
                batch.BatchCommands.Add(SqlParameters.Command("delete from passing where at < now() - interval '1 minute'"));
            }

            batch.ExecuteNonQuery();
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            // Nothing rests on them: a log's file has its lines, and samples and downloads are asked for again.
        }
        finally
        {
            _gate.Exit();
        }
    }
}
