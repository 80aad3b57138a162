using System.Collections.Immutable;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Index;

/// <summary>What waits, in the order in which it is taken: priority first, then position. Never changes: a change gives another one.</summary>
internal sealed class WaitingRuns
{
    private static readonly IComparer<Place> Order = Comparer<Place>.Create(static (x, y) =>
        x.Priority != y.Priority ? y.Priority.CompareTo(x.Priority) : x.Position != y.Position ? x.Position.CompareTo(y.Position) : string.CompareOrdinal(x.Id, y.Id));

    private static readonly IComparer<(long Position, string Id)> PositionOrder = Comparer<(long Position, string Id)>.Create(static (x, y) =>
        x.Position != y.Position ? x.Position.CompareTo(y.Position) : string.CompareOrdinal(x.Id, y.Id));

    private readonly ImmutableSortedSet<Place> waiting;
    private readonly ImmutableSortedSet<(long Position, string Id)> positions;

    private WaitingRuns(ImmutableSortedSet<Place> waiting, ImmutableSortedSet<(long Position, string Id)> positions) => (this.waiting, this.positions) = (waiting, positions);

    public static WaitingRuns Empty { get; } = new(ImmutableSortedSet<Place>.Empty.WithComparer(Order), ImmutableSortedSet<(long Position, string Id)>.Empty.WithComparer(PositionOrder));

    public int Count => waiting.Count;

    /// <summary>In order.</summary>
    public IEnumerable<string> Ids => waiting.Select(place => place.Id);

    /// <summary>Before every other waiting run of its priority.</summary>
    public long Head => (positions.IsEmpty ? 0 : positions.Min.Position) - 1;

    /// <summary>Behind every other waiting run of its priority.</summary>
    public long Tail => (positions.IsEmpty ? 0 : positions.Max.Position) + 1;

    /// <summary>A run that came, changed or went.</summary>
    public WaitingRuns Change(StoredRun? before, StoredRun? after)
    {
        ImmutableSortedSet<Place> order = waiting;
        ImmutableSortedSet<(long Position, string Id)> all = positions;
        if (before is not null && (after is null || before.Position != after.Position))
        {
            all = all.Remove((before.Position, before.Document.Id));
        }

        if (after is not null && (before is null || before.Position != after.Position))
        {
            all = all.Add((after.Position, after.Document.Id));
        }

        (Place? was, Place? now) = (PlaceOf(before), PlaceOf(after));
        if (was != now)
        {
            order = was is { } old ? order.Remove(old) : order;
            order = now is { } place ? order.Add(place) : order;
        }

        return ReferenceEquals(order, waiting) && ReferenceEquals(all, positions) ? this : new WaitingRuns(order, all);
    }

    /// <summary>1 for the next one; null: it does not wait.</summary>
    public int? NumberOf(StoredRun run) => PlaceOf(run) is { } place && waiting.IndexOf(place) is >= 0 and int index ? index + 1 : null;

    private static Place? PlaceOf(StoredRun? run) =>
        run is { Document.State: RunState.Queued } ? new Place(run.Document.Priority, run.Position, run.Document.Id) : null;

    private readonly record struct Place(int Priority, long Position, string Id);
}
