using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Groups;
using LoraLab.Contracts.Tasks;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs.Groups;

/// <summary>
/// The rows of a table of runs: any part of the list, so that a table of thousands of rows fetches only those in sight, with groups and
/// their statistics over all matching runs.
/// </summary>
internal sealed class RunGroupQuery(IRunStore store)
{
    /// <summary>Maximum number of groups in a page.</summary>
    public const int MaximumLimit = 500;

    private const int DefaultLimit = 50;
    private const int MaximumTags = 500;
    private const int MaximumPinned = 50;

    public RunGroupList List(
        RunFilter filter, RunSort sort, RunGrouping grouping, int? offset, int? limit, string? baseline, string? pinned)
    {
        if (limit is < 1 or > MaximumLimit)
        {
            throw ApiFailure.Invalid("limit", $"limit is {limit}; it must be between 1 and {NumberFormat.Count(MaximumLimit)}.");
        }

        if (offset < 0)
        {
            throw ApiFailure.Invalid("offset", $"offset is {offset}; it must not be negative.");
        }

        string[] pins = [.. (pinned ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()];
        if (pins.Length > MaximumPinned)
        {
            throw ApiFailure.Invalid("pinned", $"pinned lists {pins.Length} runs; at most {MaximumPinned} are allowed.");
        }

        List<RunDocument> runs = [.. store.List(filter, sort, int.MaxValue - 1).Documents];
        IReadOnlyList<GroupedRuns> groups = GroupedRuns.Of(runs, grouping, sort);
        List<GroupedRuns> first =
            [.. pins.Select(id => GroupOf(groups, id, grouping, sort)).OfType<GroupedRuns>().DistinctBy(group => group.Runs[0].Id)];
        HashSet<string> taken = [.. first.Select(group => group.Runs[0].Id)];
        List<GroupedRuns> rest = taken.Count == 0 ? [.. groups] : [.. groups.Where(group => !taken.Contains(group.Runs[0].Id))];
        return new RunGroupList
        {
            Pinned = [.. first.Select(Summarize)],
            Items = [.. rest.Skip(offset ?? 0).Take(limit ?? DefaultLimit).Select(Summarize)],
            Total = rest.Count,
            Runs = runs.Count,
            Baseline = baseline is not null && GroupOf(groups, baseline, grouping, sort) is { } reference ? Summarize(reference) : null,
            Data = [.. runs.GroupBy(run => (run.Spec.Dataset, run.Spec.EvalSplit))
                .Select(same => new RunData(same.Key.Dataset, same.Key.EvalSplit, same.Count())).OrderByDescending(data => data.Runs)],
            Tags = [.. runs.SelectMany(run => run.Tags).Distinct().Order(StringComparer.Ordinal).Take(MaximumTags)],
            Metrics = [.. Metrics(runs).Select(metric => metric.Key)],
        };
    }

    /// <summary>The group of a run, which is shown whether or not the run matches the filter; null: there is no such run.</summary>
    private GroupedRuns? GroupOf(IReadOnlyList<GroupedRuns> groups, string id, RunGrouping grouping, RunSort sort) =>
        store.Find(id)?.Document is not { } run ? null
        : groups.FirstOrDefault(group => group.Runs.Any(other => other.Id == id)) ?? GroupedRuns.Of([run], grouping, sort)[0];

    private RunGroup Summarize(GroupedRuns group)
    {
        RunGroup row = GroupSummary.Of(group, id => store.FindExperiment(id)?.Name);
        return row with { First = store.WithQueuePosition(row.First) };
    }

    /// <summary>The metrics of the tasks of the runs, the optional ones only where a run has a value.</summary>
    private static IEnumerable<MetricDescriptor> Metrics(IReadOnlyList<RunDocument> runs) =>
        TaskDescriptors.Columns(runs.DistinctBy(run => (run.Task, run.Metric)).Select(run => TaskDescriptors.Of(run.Task, run.Metric)))
            .Where(metric => !metric.IsOptional || runs.Any(run => run.Summary[metric.Key] is not null));
}
