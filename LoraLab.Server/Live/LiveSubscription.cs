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

    private readonly Lock gate = new();
    private readonly HashSet<string> topics = [];
    private readonly Dictionary<string, List<LiveEvent>> held = [];
    private readonly Channel<LiveEvent> channel = Channel.CreateBounded<LiveEvent>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    /// <summary>Completes with <see cref="LaggingClientException"/> when the client cannot keep up.</summary>
    public ChannelReader<LiveEvent> Events => channel.Reader;

    public bool Has(string topic)
    {
        lock (gate)
        {
            return topics.Contains(topic);
        }
    }

    public void Offer(LiveEvent live)
    {
        lock (gate)
        {
            if (topics.Any(topic => LiveTopics.Carries(topic, live)))
            {
                Write(live);
                return;
            }

            foreach ((string topic, List<LiveEvent> waiting) in held)
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
        lock (gate)
        {
            List<string> fresh = [.. added.Distinct().Where(topic => !topics.Contains(topic) && !held.ContainsKey(topic))];
            foreach (string topic in fresh)
            {
                held[topic] = [];
            }

            return fresh;
        }
    }

    /// <summary>Second step: sends the replay, then buffered events that are not part of it, then live events.</summary>
    public void Release(IReadOnlyList<string> fresh, IEnumerable<LiveEvent> replay, long replayedTo)
    {
        lock (gate)
        {
            foreach (LiveEvent live in replay)
            {
                Write(live);
            }

            foreach (LiveEvent live in fresh.SelectMany(topic => held.GetValueOrDefault(topic) ?? []).OrderBy(live => live.Seq))
            {
                if (live.Seq == 0 || live.Seq > replayedTo)
                {
                    Write(live);
                }
            }

            foreach (string topic in fresh.Where(held.Remove))
            {
                topics.Add(topic);
            }
        }
    }

    public void Remove(IEnumerable<string> removed)
    {
        lock (gate)
        {
            foreach (string topic in removed)
            {
                topics.Remove(topic);
                held.Remove(topic);
            }
        }
    }

    public void Complete() => channel.Writer.TryComplete();

    private void Write(LiveEvent live)
    {
        if (!channel.Writer.TryWrite(live))
        {
            channel.Writer.TryComplete(new LaggingClientException());
        }
    }
}
