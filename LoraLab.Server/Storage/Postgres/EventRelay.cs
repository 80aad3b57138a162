using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// Publishes the events of all nodes on this one, in the order of their numbers: right after its own commits, and every second those of
/// others. What this node has read is what its clients know.
/// </summary>
internal sealed class EventRelay : IDisposable
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly SqlQuery _query;
    private readonly SqlReader _reader;
    private readonly ILiveSink _sink;
    private readonly StoreChanges _changes;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Thread _thread;
    private long _seq;
    private bool _lost;

    public EventRelay(SqlQuery query, SqlReader reader, ILiveSink sink, StoreChanges changes, ILogger log)
    {
        (_query, _reader, _sink, _changes, _log) = (query, reader, sink, changes, log);
        _seq = EventRows.Last(query);
        _thread = new Thread(Loop) { IsBackground = true, Name = "PostgreSQL events" };
        _thread.Start();
    }

    /// <summary>Marks the events of this node.</summary>
    public Guid Origin { get; } = Guid.NewGuid();

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
            IReadOnlyList<(LiveEvent Live, Guid Origin)> events = EventRows.AfterWithOrigin(_query, _seq);
            if (events.Count == 0)
            {
                return;
            }

            _sink.Publish(Complete([.. events.Select(one => one.Live)]));
            _seq = events[^1].Live.Seq;
            if (events.Any(one => one.Origin != Origin && one.Live.Type != LiveEventTypes.RunProgress))
            {
                // What exactly another node changed is not known here, only that studies and the queue may have to go on.
                _changes.Publish([new StoreReopened()]);
            }
        }
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _thread.Join();
        _stopping.Dispose();
    }

    /// <summary>The queue is not stored with its events; each has the current one.</summary>
    private IReadOnlyList<LiveEvent> Complete(IReadOnlyList<LiveEvent> events)
    {
        if (events.All(live => live.Type != LiveEventTypes.QueueChanged))
        {
            return events;
        }

        JsonElement queue = JsonSerializer.SerializeToElement(
            _reader.QueuePage(limit: QueuePage.LiveLimit).Document, ContractJson.Options);
        return [.. events.Select(live => live.Type == LiveEventTypes.QueueChanged ? live with { Data = queue } : live)];
    }

    private void Loop()
    {
        while (!_stopping.Token.WaitHandle.WaitOne(_interval))
        {
            try
            {
                CatchUp();
                if (_lost)
                {
                    _log.LogInformation("The PostgreSQL database answers again");
                    _lost = false;
                }
            }
            catch (Exception error) when (StorageFailure.Is(error))
            {
                if (!_lost)
                {
                    _log.LogWarning("The PostgreSQL database does not answer ({Reason}); asking again every second", error.Message);
                    _lost = true;
                }
            }
        }
    }
}
