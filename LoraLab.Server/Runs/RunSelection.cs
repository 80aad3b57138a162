using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs.Adapters;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs;

/// <summary>The query parameter <c>runs=a,b</c>: ids of runs, or aliases.</summary>
internal static class RunSelection
{
    private const int Maximum = 50;

    /// <summary>The runs, all of which must exist.</summary>
    public static IReadOnlyList<RunDocument> Parse(string? runs, IRunStore store)
    {
        (IReadOnlyList<RunDocument> found, IReadOnlyList<string> missing) = Find(runs, store);
        return missing.Count == 0 ? found : throw ApiFailure.NoRun(missing[0]);
    }

    /// <summary>The runs that exist, and the ids that no run has.</summary>
    public static (IReadOnlyList<RunDocument> Found, IReadOnlyList<string> Missing) Find(string? runs, IRunStore store)
    {
        List<string> ids = [.. (runs ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()];
        if (ids.Count is 0 or > Maximum)
        {
            throw ApiFailure.Invalid("runs", $"runs must list 1 to {Maximum} run ids, separated by commas.");
        }

        List<(string Id, RunDocument? Run)> all =
            [.. ids.Select(id => (id, (store.Find(id) ?? AdapterReferences.OfAlias(store, id))?.Document))];
        return (
            // An alias and the id of its run are one.
            [.. all.Select(entry => entry.Run).OfType<RunDocument>().DistinctBy(run => run.Id)],
            [.. all.Where(entry => entry.Run is null).Select(entry => ApiFailure.Shorten(entry.Id))]);
    }
}
