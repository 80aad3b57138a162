using System.Collections.Concurrent;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Storage.Leases;

/// <summary>The leases of this node. A store in one process has none: its runs are always its own.</summary>
internal sealed class HeldLeases
{
    private readonly ConcurrentDictionary<string, Lease> _held = new();

    public IReadOnlyList<Lease> All => [.. _held.Values];

    /// <summary>The lease of a run, though it may have ended; null: there is none.</summary>
    public Lease? Find(string runId) => _held.GetValueOrDefault(runId);

    /// <summary>The lease of a run that has not ended.</summary>
    /// <exception cref="LeaseLostException">There is none.</exception>
    public Lease Require(string runId) =>
        Find(runId) is { } lease && lease.Until > MonotonicClock.Now ? lease : throw new LeaseLostException(runId);

    public void Add(Lease lease) => _held[lease.RunId] = lease;

    public void Remove(string runId) => _held.TryRemove(runId, out _);

    /// <summary>Lets a lease go, however often it was renewed meanwhile, but no later one of the same run.</summary>
    public void Remove(Lease lease)
    {
        while (Find(lease.RunId) is { } now && now.Token == lease.Token && !_held.TryRemove(KeyValuePair.Create(lease.RunId, now)))
        {
            // It was renewed in between.
        }
    }

    /// <summary>Extends the leases of these tokens; returns the others among <paramref name="asked"/>, which are lost.</summary>
    /// <param name="asked">The leases whose renewal was requested.</param>
    /// <param name="renewed">The tokens that the database renewed.</param>
    /// <param name="until">Their new end.</param>
    public IReadOnlyList<Lease> Renew(IReadOnlyList<Lease> asked, IReadOnlySet<Guid> renewed, long until)
    {
        List<Lease> lost = [];
        foreach (Lease lease in asked)
        {
            if (renewed.Contains(lease.Token))
            {
                // Only if it is still held: the run may have ended meanwhile.
                _held.TryUpdate(lease.RunId, lease with { Until = until }, lease);
            }
            else if (_held.TryRemove(KeyValuePair.Create(lease.RunId, lease)))
            {
                lost.Add(lease);
            }
        }

        return lost;
    }
}
