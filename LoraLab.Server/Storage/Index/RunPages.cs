using System.Collections.Immutable;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Index;

/// <summary>
/// Finds a page of runs while reading as few documents as the indexes allow: only the page's own without a filter, or with a filter by one
/// value in submission order. Otherwise the documents of the most selective criterion are read, and all documents for text, conditions and
/// orders without an index.
/// </summary>
internal sealed class RunPages(
    ImmutableDictionary<string, StoredRun> runs, RunFacets facets, IReadOnlyDictionary<string, FieldIndex> fields)
{
    /// <summary>Factor by which a walk along an order may exceed its expected length.</summary>
    private const int WalkFactor = 4;

    public RunPage Find(RunFilter filter, RunSort sort, RunSort.Key? after, int limit)
    {
        IReadOnlyList<IReadOnlyList<ImmutableSortedSet<string>>> sets = facets.SetsFor(filter);
        if (!sort.IsIndexed || !string.IsNullOrWhiteSpace(filter.Text) || filter.Condition is not null || sets.Count > 1)
        {
            return Scan(sets.MinBy(sets => sets.Sum(set => set.Count)), filter, sort, after, limit);
        }

        IEnumerable<string> ordered = fields[sort.Field].Walk(sort.Descending, after);
        if (sets.Count == 0)
        {
            return Take(ordered, runs.Count, limit);
        }

        int total = sets[0].Sum(set => set.Count);
        if (sets[0] is [{ } only] && sort.Field == RunSort.Latest.Field)
        {
            return Take(Walk(only, sort.Descending, after?.Id), total, limit);
        }

        // Walks along the order until the page is full, if that is expected to be quick; it is not if order and filter correlate.
        // Otherwise the few matches are sorted.
        double expected = (double)(limit + 1) * runs.Count / Math.Max(1, total);
        int visited = 0;
        if (expected < total)
        {
            RunPage? page = Take(ordered, filter, total, limit, atMost: (int)(WalkFactor * expected));
            if (page is not null)
            {
                return page;
            }

            visited = (int)(WalkFactor * expected);
        }

        RunPage scanned = Scan(sets[0], filter, sort, after, limit);
        return scanned with { Visited = scanned.Visited + visited };
    }

    /// <summary>The first matches in order; null: that would read more documents than allowed.</summary>
    private RunPage? Take(IEnumerable<string> ordered, RunFilter filter, int total, int limit, int atMost)
    {
        List<StoredRun> found = [];
        int visited = 0;
        foreach (string id in ordered)
        {
            if (visited++ == atMost)
            {
                return null;
            }

            StoredRun run = runs[id];
            if (filter.Matches(run.Document))
            {
                if (found.Count == limit)
                {
                    return new RunPage(found, total, HasMore: true, visited);
                }

                found.Add(run);
            }
        }

        return new RunPage(found, total, HasMore: false, visited);
    }

    /// <summary>The first runs in order.</summary>
    private RunPage Take(IEnumerable<string> ordered, int total, int limit)
    {
        List<string> ids = [.. ordered.Take(limit + 1)];
        List<StoredRun> found = [.. ids.Take(limit).Select(id => runs[id])];
        return new RunPage(found, total, ids.Count > limit, found.Count);
    }

    /// <summary>Reads all candidates.</summary>
    private RunPage Scan(
        IReadOnlyList<ImmutableSortedSet<string>>? candidates, RunFilter filter, RunSort sort, RunSort.Key? after, int limit)
    {
        int visited = 0;
        List<(RunSort.Key Key, StoredRun Run)> found = [];
        foreach (StoredRun run in candidates is null ? runs.Values : candidates.SelectMany(set => set).Select(id => runs[id]))
        {
            visited++;
            if (filter.Matches(run.Document))
            {
                found.Add((sort.KeyOf(run.Document), run));
            }
        }

        // Only the first few of them need to be sorted.
        StoredRun[] behind = [.. found.Where(run => after is not { } key || sort.Compare(run.Key, key) > 0)
            .OrderBy(run => run.Key, Comparer<RunSort.Key>.Create(sort.Compare)).Take(limit + 1).Select(run => run.Run)];
        return new RunPage([.. behind.Take(limit)], found.Count, behind.Length > limit, visited);
    }

    private static IEnumerable<string> Walk(ImmutableSortedSet<string> ids, bool descending, string? after) =>
        FieldIndex.Walk(ids, descending, after is null ? null : ids.IndexOf(after));
}
