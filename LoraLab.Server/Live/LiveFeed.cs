using System.Collections.Immutable;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Live;

/// <summary>Publishes live events to the subscriptions of the hub and of server-sent events.</summary>
internal sealed class LiveFeed(TimeProvider time, ITransientOutlet? outlet = null) : ILiveSink
{
    private ImmutableList<LiveSubscription> _subscriptions = [];

    public int Count => _subscriptions.Count;

    public void Publish(IReadOnlyList<LiveEvent> events)
    {
        foreach (LiveSubscription subscription in _subscriptions)
        {
            foreach (LiveEvent live in events)
            {
                subscription.Offer(live);
            }
        }
    }

    /// <summary>Publishes an event that is neither stored nor replayed.</summary>
    public void PublishTransient<T>(string? runId, string type, T data)
    {
        LiveEvent live = new(0, runId, type, time.GetUtcNow(), JsonSerializer.SerializeToElement(data, ContractJson.Options));
        Publish([live]);
        outlet?.Send(live);
    }

    public bool HasSubscriber(string topic) => _subscriptions.Any(subscription => subscription.Has(topic));

    public LiveSubscription Open()
    {
        LiveSubscription subscription = new();
        ImmutableInterlocked.Update(ref _subscriptions, static (list, added) => list.Add(added), subscription);
        return subscription;
    }

    public void Close(LiveSubscription subscription)
    {
        ImmutableInterlocked.Update(ref _subscriptions, static (list, removed) => list.Remove(removed), subscription);
        subscription.Complete();
    }
}
