using System.Threading.Channels;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>What one listener wanted to hear and has not read yet.</summary>
/// <param name="filter">What it wants to hear.</param>
/// <param name="close">Told when it does not listen any more.</param>
internal sealed class ChangeListener(Func<StoreChange, bool> filter, Action<ChangeListener> close) : IDisposable
{
    // Not bounded: what is wanted are changes that people and runs make, not their steps, and each is a reference to what the store holds anyway.
    private readonly Channel<StoreChange> channel = Channel.CreateUnbounded<StoreChange>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Oldest first.</summary>
    public ChannelReader<StoreChange> Changes => channel.Reader;

    /// <summary>Keeps a change that is wanted.</summary>
    public void Offer(StoreChange change)
    {
        if (filter(change))
        {
            channel.Writer.TryWrite(change);
        }
    }

    /// <summary>Hears no more.</summary>
    public void Dispose()
    {
        close(this);
        channel.Writer.TryComplete();
    }
}
