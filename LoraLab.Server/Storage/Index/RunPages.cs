using System.Collections.Immutable;
using System.Numerics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Index;

/// <summary>
/// Finds a page of runs with as few looks at documents as the indexes allow: none but the page's where nothing is filtered, or by one value in the
/// order of submission. Otherwise the documents of the rarest value that is asked for are looked at, all of them for text.
/// </summary>
internal sealed class RunPages(ImmutableDictionary<string, StoredRun> runs, RunFacets facets, IReadOnlyDictionary<string, FieldIndex> fields)
{
    public RunPage Find(RunFilter filter, RunSort sort, RunSort.Place? after, int limit)
    {
        IReadOnlyList<IReadOnlyList<ImmutableSortedSet<string>>> wanted = facets.Of(filter);
        IEnumerable<string> ordered = fields[sort.Field].Walk(sort.Descending, after);
        if (!string.IsNullOrWhiteSpace(filter.Text) || wanted.Count > 1)
        {
            return Sift(wanted.MinBy(sets => sets.Sum(set => set.Count)), filter, sort, after, limit);
        }

        if (wanted.Count == 0)
        {
            return Take(ordered, null, runs.Count, limit);
        }

        int total = wanted[0].Sum(set => set.Count);
        if (wanted[0] is [{ } only] && sort.Field == RunSort.Latest.Field)
        {
            return Take(Walk(only, sort.Descending, after?.Id), null, total, limit);
        }

        // Either along the order until the page is full, or the few that there are are sorted: whatever looks at fewer.
        double alongTheOrder = (double)(limit + 1) * runs.Count / Math.Max(1, total);
        return alongTheOrder < (double)total * BitOperations.Log2((uint)total + 2) ? Take(ordered, filter, total, limit) : Sift(wanted[0], filter, sort, after, limit);
    }

    /// <summary>The first of those in order that fit.</summary>
    private RunPage Take(IEnumerable<string> ordered, RunFilter? filter, int total, int limit)
    {
        List<StoredRun> found = [];
        int visited = 0;
        foreach (string id in ordered)
        {
            if (found.Count == limit && filter is null)
            {
                return new RunPage(found, total, HasMore: true, visited);
            }

            StoredRun run = runs[id];
            visited++;
            if (filter?.Matches(run.Document) ?? true)
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

    /// <summary>Looks at all candidates.</summary>
    private RunPage Sift(IReadOnlyList<ImmutableSortedSet<string>>? candidates, RunFilter filter, RunSort sort, RunSort.Place? after, int limit)
    {
        int visited = 0;
        List<StoredRun> found = [];
        foreach (StoredRun run in candidates is null ? runs.Values : candidates.SelectMany(set => set).Select(id => runs[id]))
        {
            visited++;
            if (filter.Matches(run.Document))
            {
                found.Add(run);
            }
        }

        StoredRun[] behind = [.. found.Where(run => after is not { } place || sort.Compare(sort.PlaceOf(run.Document), place) > 0).OrderBy(run => run.Document, sort).Take(limit + 1)];
        return new RunPage([.. behind.Take(limit)], found.Count, behind.Length > limit, visited);
    }

    private static IEnumerable<string> Walk(ImmutableSortedSet<string> ids, bool descending, string? after) =>
        FieldIndex.Walk(ids, descending, after is null ? null : ids.IndexOf(after));
}
