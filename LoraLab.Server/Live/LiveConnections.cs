using System.Collections.Concurrent;
using LoraLab.Contracts.Live;
using Microsoft.AspNetCore.SignalR;

namespace LoraLab.Server.Live;

/// <summary>The hub's connections, each with its subscription and its sending task.</summary>
internal sealed class LiveConnections(LiveFeed feed, IHubContext<LiveChannel> hub, ILogger<LiveConnections> log)
{
    private readonly ConcurrentDictionary<string, LiveSubscription> _open = new();

    public LiveSubscription Find(string connectionId) =>
        _open.TryGetValue(connectionId, out LiveSubscription? subscription)
            ? subscription
            : throw new HubException("The connection is closing.");

    public void Open(HubCallerContext context)
    {
        LiveSubscription subscription = feed.Open();
        _open[context.ConnectionId] = subscription;
        _ = SendAsync(context, subscription);
    }

    public void Close(string connectionId)
    {
        if (_open.TryRemove(connectionId, out LiveSubscription? subscription))
        {
            feed.Close(subscription);
        }
    }

    private async Task SendAsync(HubCallerContext context, LiveSubscription subscription)
    {
        try
        {
            ISingleClientProxy client = hub.Clients.Client(context.ConnectionId);
            await foreach (LiveEvent live in subscription.Events.ReadAllAsync(context.ConnectionAborted))
            {
                await client.SendAsync(LiveHub.Event, live, context.ConnectionAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The client disconnected.
        }
        catch (Exception error)
        {
            log.LogInformation("Live connection {Connection} was closed: {Reason}", context.ConnectionId, error.Message);
            context.Abort();
        }
    }
}
