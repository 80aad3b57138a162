using System.Collections.Immutable;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Index;

/// <summary>Run ids ordered by one field. Immutable: a change returns a new index that shares the unchanged parts.</summary>
internal sealed class FieldIndex
{
    private static readonly IComparer<RunSort.Key> _order = Comparer<RunSort.Key>.Create(RunSort.Ascending);

    // Runs without a value come last in either direction.
    private readonly ImmutableSortedSet<RunSort.Key> _valued;
    private readonly ImmutableSortedSet<string> _missing;

    private FieldIndex(ImmutableSortedSet<RunSort.Key> valued, ImmutableSortedSet<string> missing) =>
        (_valued, _missing) = (valued, missing);

    public static FieldIndex Create(IReadOnlyCollection<RunSort.Key> keys) => new(
        ImmutableSortedSet.CreateRange(_order, keys.Where(key => key.Value is not null)),
        ImmutableSortedSet.CreateRange(StringComparer.Ordinal, keys.Where(key => key.Value is null).Select(key => key.Id)));

    /// <summary>Applies an added, changed or removed run.</summary>
    public FieldIndex Change(RunSort.Key? before, RunSort.Key? after)
    {
        if (before is { } one && after is { } other && RunSort.Ascending(one, other) == 0)
        {
            return this;
        }

        ImmutableSortedSet<RunSort.Key> changed = _valued;
        ImmutableSortedSet<string> without = _missing;
        if (before is { } old)
        {
            (changed, without) = old.Value is null ? (changed, without.Remove(old.Id)) : (changed.Remove(old), without);
        }

        if (after is { } now)
        {
            (changed, without) = now.Value is null ? (changed, without.Add(now.Id)) : (changed.Add(now), without);
        }

        return new FieldIndex(changed, without);
    }

    /// <summary>
    /// The ids in order, after a sort key if one is given; the key need not exist any more. It is found by binary search.
    /// </summary>
    public IEnumerable<string> Walk(bool descending, RunSort.Key? after = null)
    {
        if (after is not { Value: null })
        {
            foreach (RunSort.Key found in Walk(_valued, descending, after is { } key ? _valued.IndexOf(key) : null))
            {
                yield return found.Id;
            }

            after = null;
        }

        foreach (string id in Walk(_missing, descending, after is { } without ? _missing.IndexOf(without.Id) : null))
        {
            yield return id;
        }
    }

    /// <summary>A part of a set, in order.</summary>
    /// <param name="set">The set.</param>
    /// <param name="descending">Whether to enumerate in reverse.</param>
    /// <param name="index">Index of the item to start after, as returned by <see cref="ImmutableSortedSet{T}.IndexOf"/>; null: from the
    /// beginning.</param>
    public static IEnumerable<T> Walk<T>(ImmutableSortedSet<T> set, bool descending, int? index)
    {
        if (index is null)
        {
            foreach (T item in descending ? set.Reverse() : set)
            {
                yield return item;
            }

            yield break;
        }

        int step = descending ? -1 : 1;
        int start = index switch
        {
            null => 0,
            >= 0 and int found => found + step,
            int absent => descending ? ~absent - 1 : ~absent,
        };
        for (int i = start; i >= 0 && i < set.Count; i += step)
        {
            yield return set[i];
        }
    }
}
