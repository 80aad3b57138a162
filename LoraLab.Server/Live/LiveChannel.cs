using LoraLab.Contracts.Live;
using Microsoft.AspNetCore.SignalR;

namespace LoraLab.Server.Live;

/// <summary>The hub <c>/hubs/live</c>.</summary>
internal sealed class LiveChannel(LiveConnections connections, LiveReplay replay) : Hub
{
    private const int MaximumTopics = 200;

    /// <summary>
    /// Adds topics: first the events missed since <paramref name="afterSeq"/> (null: none), then live ones. Returns the number of the
    /// last event included.
    /// </summary>
    [HubMethodName(LiveHub.Subscribe)]
    public long Subscribe(IReadOnlyList<string> topics, long? afterSeq) =>
        replay.Add(connections.Find(Context.ConnectionId), Check(topics), afterSeq);

    [HubMethodName(LiveHub.Unsubscribe)]
    public void Unsubscribe(IReadOnlyList<string> topics) =>
        connections.Find(Context.ConnectionId).Remove(Check(topics));

    public override Task OnConnectedAsync()
    {
        connections.Open(Context);
        return base.OnConnectedAsync();
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        connections.Close(Context.ConnectionId);
        return base.OnDisconnectedAsync(exception);
    }

    private static IReadOnlyList<string> Check(IReadOnlyList<string>? topics)
    {
        if (topics is null || topics.Count > MaximumTopics)
        {
            throw new HubException($"Topics must be a list of at most {MaximumTopics} names.");
        }

        string? unknown = topics.FirstOrDefault(topic => !LiveTopics.IsKnown(topic));
        return unknown is null ? topics : throw new HubException($"Unknown topic '{unknown}'; valid topics are runs, queue, system, "
            + "studies, sweeps, run:ID, run:ID:logs, study:ID and sweep:ID.");
    }
}
