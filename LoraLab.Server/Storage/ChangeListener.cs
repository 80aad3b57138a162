using System.Threading.Channels;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>A subscription to store changes, with the changes that its owner has not read yet.</summary>
/// <param name="filter">Selects changes.</param>
/// <param name="close">Called on disposal.</param>
internal sealed class ChangeListener(Func<StoreChange, bool> filter, Action<ChangeListener> close) : IDisposable
{
    // Unbounded: subscribers select changes of state, not optimizer steps, and each item is a reference to an object that the store holds
    // anyway.
    private readonly Channel<StoreChange> _channel =
        Channel.CreateUnbounded<StoreChange>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>The changes, oldest first.</summary>
    public ChannelReader<StoreChange> Changes => _channel.Reader;

    /// <summary>Enqueues a change that passes the filter.</summary>
    public void Offer(StoreChange change)
    {
        if (filter(change))
        {
            _channel.Writer.TryWrite(change);
        }
    }

    /// <summary>Ends the subscription.</summary>
    public void Dispose()
    {
        close(this);
        _channel.Writer.TryComplete();
    }
}
