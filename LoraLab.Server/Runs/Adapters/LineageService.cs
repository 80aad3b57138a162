using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs.Adapters;

/// <summary>Finds the ancestors and descendants of a run.</summary>
internal sealed class LineageService(IRunStore store, TimeProvider time)
{
    /// <summary>Members of a lineage at most, and in each direction half of them.</summary>
    private const int Maximum = 60;

    /// <summary>The lineage of a run.</summary>
    /// <exception cref="ApiFailure">There is no such run.</exception>
    public RunLineage Of(string runId)
    {
        StoredRun run = store.Find(runId) ?? throw ApiFailure.NoRun(runId);
        Dictionary<string, LineageItem> found = new() { [runId] = Describe(runId, 0) };
        bool more = Walk(found, runId, -1, (Maximum - 1) / 2, id => store.Find(id) is { } child ? RunFilter.ParentsOf(child.Document) : []);
        more |= Walk(found, runId, 1, Maximum, id => store.Enumerate(new RunFilter { ParentId = id }).Select(child => child.Document.Id));
        return new(
            run.Document.Id,
            [.. found.Values.OrderBy(item => Math.Abs(item.Generation)).ThenBy(item => item.Id, StringComparer.Ordinal)],
            more);
    }

    /// <summary>Adds the relatives in one direction, generation by generation; returns whether some are left out.</summary>
    private bool Walk(
        Dictionary<string, LineageItem> found, string start, int direction, int limit, Func<string, IEnumerable<string>> next)
    {
        IReadOnlyList<string> generation = [start];
        for (int distance = 1; generation.Count > 0; distance++)
        {
            List<string> added = [];
            foreach (string id in generation.SelectMany(next))
            {
                if (found.ContainsKey(id))
                {
                    continue;
                }

                if (found.Count >= limit)
                {
                    return true;
                }

                found.Add(id, Describe(id, direction * distance));
                added.Add(id);
            }

            generation = added;
        }

        return false;
    }

    private LineageItem Describe(string id, int generation) => store.Find(id)?.Document is { } run
        ? new()
        {
            Id = id,
            Name = run.Name,
            State = run.State,
            Color = run.Color,
            Generation = generation,
            Parents = [.. ParentsOf(run)],
        }
        : new() { Id = id, Kind = WasRun(id) ? LineageKind.DeletedRun : LineageKind.Folder, Generation = generation };

    private static IEnumerable<LineageParent> ParentsOf(RunDocument run)
    {
        if (run.ClonedFrom is string cloned)
        {
            yield return new(cloned, LineageRelation.Clone);
        }

        if (run.Spec.InitFrom is string start && AdapterReference.Parse(start) is var reference)
        {
            yield return new(
                reference.Name, reference.Which == AdapterChoice.Best ? LineageRelation.InitFromBest : LineageRelation.InitFrom);
        }
    }

    /// <summary>Whether an ID of this form was given until now; the name of a folder hardly looks like that.</summary>
    private bool WasRun(string id) =>
        RunIds.TimeOf(id) is var moment && moment > RunIds.TimeOf("") && moment <= time.GetUtcNow().AddDays(1);
}
