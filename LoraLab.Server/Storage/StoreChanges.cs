using System.Collections.Immutable;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Publishes the changes of transactions inside this process, in commit order; never blocks.</summary>
internal sealed class StoreChanges
{
    private ImmutableList<ChangeListener> _listeners = [];

    /// <summary>Subscribes to all future changes that match <paramref name="filter"/>, until the listener is disposed.</summary>
    /// <param name="filter">Called under the store's lock, so it must be fast.</param>
    public ChangeListener Subscribe(Func<StoreChange, bool> filter)
    {
        ChangeListener listener = new(filter, gone =>
            ImmutableInterlocked.Update(ref _listeners, static (list, removed) => list.Remove(removed), gone));
        ImmutableInterlocked.Update(ref _listeners, static (list, added) => list.Add(added), listener);
        return listener;
    }

    /// <summary>Publishes the changes of one transaction.</summary>
    public void Publish(IEnumerable<StoreChange> changes)
    {
        ImmutableList<ChangeListener> hearing = _listeners;
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
