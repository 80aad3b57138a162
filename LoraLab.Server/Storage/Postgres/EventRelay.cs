using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// Publishes the events of all nodes on this one, in the order of their numbers: right after its own commits, those of others when it is
/// notified of them, and every second. What this node has read is what its clients know. A node without clients reads only what says that
/// the store changed.
/// </summary>
internal sealed class EventRelay : IDisposable
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly PostgresDatabase _database;
    private readonly SqlReader _reader;
    private readonly ForeignChanges _foreign;
    private readonly TransientRows _passing;
    private readonly ILiveSink _sink;
    private readonly StoreChanges _changes;
    private readonly bool _hasClients;
    private readonly ILogger _log;
    private readonly DatabaseThread _thread;
    private long _seq;
    private long _transient;
    private bool _lost;

    public EventRelay(
        PostgresDatabase database,
        SqlReader reader,
        TransientRows passing,
        ILiveSink sink,
        StoreChanges changes,
        bool hasClients,
        ILogger log)
    {
        (_database, _reader, _passing, _sink, _changes, _hasClients, _log) =
            (database, reader, passing, sink, changes, hasClients, log);
        _foreign = new ForeignChanges(reader);
        _seq = EventRows.Last(database.Query);
        _transient = TransientRows.Last(database.Query);
        _thread = new DatabaseThread("events", _interval, Listen, Lose);
    }

    /// <summary>Marks the events of this node.</summary>
    public Guid Origin => _passing.Origin;

    /// <summary>Number of the last event that was published here.</summary>
    public long Seq
    {
        get
        {
            // Inside the lock: whoever subscribes and then reads the number has every later event, and none before it.
            lock (_gate)
            {
                return _seq;
            }
        }
    }

    /// <summary>Publishes the events that were committed until now.</summary>
    public void CatchUp()
    {
        lock (_gate)
        {
            long last = EventRows.Last(_database.Query);
            if (last == _seq)
            {
                return;
            }

            IReadOnlyList<(LiveEvent Live, Guid Origin)> events =
                EventRows.AfterWithOrigin(_database.Query, _seq, last, _hasClients ? null : ForeignChanges.Types);
            _sink.Publish(Complete([.. events.Select(one => one.Live)]));
            _seq = last;
            _changes.Publish([.. events.Where(one => one.Origin != Origin).SelectMany(one => _foreign.Of(one.Live)).Distinct()]);
        }
    }

    public void Dispose() => _thread.Dispose();

    /// <summary>The queue is not stored with its events; each has the current one.</summary>
    private IReadOnlyList<LiveEvent> Complete(IReadOnlyList<LiveEvent> events)
    {
        if (!_hasClients || events.All(live => live.Type != LiveEventTypes.QueueChanged))
        {
            return events;
        }

        JsonElement queue = JsonSerializer.SerializeToElement(
            _reader.QueuePage(limit: QueuePage.LiveLimit).Document, ContractJson.Options);
        return [.. events.Select(live => live.Type == LiveEventTypes.QueueChanged ? live with { Data = queue } : live)];
    }

    private void Listen(CancellationToken stopping)
    {
        using NpgsqlConnection connection = _database.Source.OpenConnection();
        string channel = _database.Query.One(SeqNotifier.Channel, row => row.GetString(0))!;
        using (NpgsqlCommand listen = new($"listen {channel}", connection))
        {
            listen.ExecuteNonQuery();
        }

        // A crash of the database empties the table and its numbers.
        long last = TransientRows.Last(_database.Query);
        _transient = last < _transient ? 0 : _transient;
        while (!stopping.IsCancellationRequested)
        {
            CatchUp();
            if (_hasClients)
            {
                _sink.Publish(_passing.After(ref _transient));
            }

            if (_lost)
            {
                _log.LogInformation("The PostgreSQL database answers again");
                _lost = false;
            }

            connection.Wait(_interval);
        }
    }

    private void Lose(Exception error)
    {
        if (!_lost)
        {
            _log.LogWarning("The PostgreSQL database does not answer ({Reason}); asking again every second", error.Message);
            _lost = true;
        }
    }
}
