using System.Threading.Channels;
using LoraLab.Contracts.Live;

namespace LoraLab.Server.Live;

/// <summary>
/// A client's topics and its outgoing events. A topic is added in two steps, so that nothing is lost between replay and live
/// events: first it is held (its live events are buffered), then released after its replay.
/// </summary>
internal sealed class LiveSubscription
{
    /// <summary>A client further behind than this is disconnected; it reconnects and gets a replay.</summary>
    private const int Capacity = 20_000;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _topics = [];
    private readonly Dictionary<string, List<LiveEvent>> _held = [];
    private readonly Channel<LiveEvent> _channel =
        Channel.CreateBounded<LiveEvent>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    /// <summary>Completes with <see cref="LaggingClientException"/> when the client cannot keep up.</summary>
    public ChannelReader<LiveEvent> Events => _channel.Reader;

    public bool Has(string topic)
    {
        lock (_gate)
        {
            return _topics.Contains(topic);
        }
    }

    public void Offer(LiveEvent live)
    {
        lock (_gate)
        {
            if (_topics.Any(topic => LiveTopics.Carries(topic, live)))
            {
                Write(live);
                return;
            }

            foreach ((string topic, List<LiveEvent> waiting) in _held)
            {
                if (LiveTopics.Carries(topic, live))
                {
                    waiting.Add(live);
                    return;
                }
            }
        }
    }

    /// <summary>First step: buffers the events of these topics from now on. Returns the new topics.</summary>
    public IReadOnlyList<string> Hold(IEnumerable<string> added)
    {
        lock (_gate)
        {
            List<string> fresh = [.. added.Distinct().Where(topic => !_topics.Contains(topic) && !_held.ContainsKey(topic))];
            foreach (string topic in fresh)
            {
                _held[topic] = [];
            }

            return fresh;
        }
    }

    /// <summary>Second step: sends the replay, then buffered events that are not part of it, then live events.</summary>
    public void Release(IReadOnlyList<string> fresh, IEnumerable<LiveEvent> replay, long replayedTo)
    {
        lock (_gate)
        {
            foreach (LiveEvent live in replay)
            {
                Write(live);
            }

            foreach (LiveEvent live in fresh.SelectMany(topic => _held.GetValueOrDefault(topic) ?? []).OrderBy(live => live.Seq))
            {
                if (live.Seq == 0 || live.Seq > replayedTo)
                {
                    Write(live);
                }
            }

            foreach (string topic in fresh.Where(_held.Remove))
            {
                _topics.Add(topic);
            }
        }
    }

    public void Remove(IEnumerable<string> removed)
    {
        lock (_gate)
        {
            foreach (string topic in removed)
            {
                _topics.Remove(topic);
                _held.Remove(topic);
            }
        }
    }

    public void Complete() => _channel.Writer.TryComplete();

    private void Write(LiveEvent live)
    {
        if (!_channel.Writer.TryWrite(live))
        {
            _channel.Writer.TryComplete(new LaggingClientException());
        }
    }
}
