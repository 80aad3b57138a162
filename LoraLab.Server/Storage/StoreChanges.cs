using System.Collections.Immutable;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Hands what transactions changed to those in this process who act on it, in the order in which it was taken; never blocks.</summary>
internal sealed class StoreChanges
{
    private ImmutableList<ChangeListener> listeners = [];

    /// <summary>Hears every change from now on that is <paramref name="filter"/>, until the listener is disposed.</summary>
    /// <param name="filter">Decides at once, under the store's gate; what nobody wants is not kept.</param>
    public ChangeListener Subscribe(Func<StoreChange, bool> filter)
    {
        ChangeListener listener = new(filter, gone => ImmutableInterlocked.Update(ref listeners, static (list, removed) => list.Remove(removed), gone));
        ImmutableInterlocked.Update(ref listeners, static (list, added) => list.Add(added), listener);
        return listener;
    }

    /// <summary>Tells what one transaction changed.</summary>
    public void Publish(IEnumerable<StoreChange> changes)
    {
        ImmutableList<ChangeListener> hearing = listeners;
        if (hearing.IsEmpty)
        {
            return;
        }

        foreach (StoreChange change in changes)
        {
            foreach (ChangeListener listener in hearing)
            {
                listener.Offer(change);
            }
        }
    }
}
