using System.Collections.Immutable;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Index;

/// <summary>
/// The queued runs in the order in which they are claimed: by priority, then position. Immutable: a change returns a new instance.
/// </summary>
internal sealed class WaitingRuns
{
    private static readonly IComparer<(long Position, string Id)> _positionOrder =
        Comparer<(long Position, string Id)>.Create(static (x, y) =>
            x.Position != y.Position ? x.Position.CompareTo(y.Position) : string.CompareOrdinal(x.Id, y.Id));

    private readonly ImmutableSortedSet<QueueCursor> _waiting;
    private readonly ImmutableSortedSet<(long Position, string Id)> _positions;

    private WaitingRuns(ImmutableSortedSet<QueueCursor> waiting, ImmutableSortedSet<(long Position, string Id)> positions) =>
        (_waiting, _positions) = (waiting, positions);

    public static WaitingRuns Empty { get; } = new(
        ImmutableSortedSet<QueueCursor>.Empty.WithComparer(QueueCursor.Order),
        ImmutableSortedSet<(long Position, string Id)>.Empty.WithComparer(_positionOrder));

    public int Count => _waiting.Count;

    /// <summary>The ids in order.</summary>
    public IEnumerable<string> Ids => _waiting.Select(key => key.Id);

    /// <summary>The position before every other run of the same priority.</summary>
    public long Head => (_positions.IsEmpty ? 0 : _positions.Min.Position) - 1;

    /// <summary>The position after every other run of the same priority.</summary>
    public long Tail => (_positions.IsEmpty ? 0 : _positions.Max.Position) + 1;

    /// <summary>Applies an added, changed or removed run.</summary>
    public WaitingRuns Change(StoredRun? before, StoredRun? after)
    {
        ImmutableSortedSet<QueueCursor> order = _waiting;
        ImmutableSortedSet<(long Position, string Id)> all = _positions;
        if (before is not null && (after is null || before.Position != after.Position))
        {
            all = all.Remove((before.Position, before.Document.Id));
        }

        if (after is not null && (before is null || before.Position != after.Position))
        {
            all = all.Add((after.Position, after.Document.Id));
        }

        (QueueCursor? was, QueueCursor? now) = (QueueCursor.Of(before), QueueCursor.Of(after));
        if (was != now)
        {
            order = was is { } old ? order.Remove(old) : order;
            order = now is { } key ? order.Add(key) : order;
        }

        return ReferenceEquals(order, _waiting) && ReferenceEquals(all, _positions) ? this : new WaitingRuns(order, all);
    }

    /// <summary>Position in the queue, 1 for the next run; null: it is not queued.</summary>
    public int? PositionOf(StoredRun run) =>
        QueueCursor.Of(run) is { } key && _waiting.IndexOf(key) is >= 0 and int index ? index + 1 : null;

    /// <summary>Number of runs up to a place, which a run need not hold any more.</summary>
    public int CountUpTo(QueueCursor place)
    {
        int index = _waiting.IndexOf(place);
        return index >= 0 ? index + 1 : ~index;
    }

    /// <summary>The ids of a page, in order; found without reading the runs before it.</summary>
    public IEnumerable<string> Page(int offset, int limit)
    {
        int end = (int)Math.Min((long)offset + limit, _waiting.Count);
        for (int i = offset; i < end; i++)
        {
            yield return _waiting[i].Id;
        }
    }
}
