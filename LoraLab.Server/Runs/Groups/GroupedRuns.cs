using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Fields;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Runs.Groups;

/// <summary>Runs that are one row of a table.</summary>
/// <param name="Runs">The runs in the order of the table, at least one.</param>
/// <param name="StudyId">The study whose runs they are; null: another group.</param>
/// <param name="SweepId">The sweep whose runs they are; null: another group.</param>
internal sealed record GroupedRuns(IReadOnlyList<RunDocument> Runs, string? StudyId = null, string? SweepId = null)
{
    /// <summary>What the runs of a group have in common.</summary>
    private enum Kind
    {
        Run,
        Settings,
        Study,
        Sweep,
    }

    /// <summary>
    /// Groups runs that are in order. Groups are in the order of their first runs; ordered by a result, in that of their means, because the
    /// luckiest seed of a group says little about the group.
    /// </summary>
    public static IReadOnlyList<GroupedRuns> Of(IEnumerable<RunDocument> runs, RunGrouping grouping, RunSort sort)
    {
        if (grouping == RunGrouping.None)
        {
            return [.. runs.Select(run => new GroupedRuns([run]))];
        }

        List<GroupedRuns> groups = [.. runs.GroupBy(run => KeyOf(run, grouping)).Select(group => new GroupedRuns(
            [.. group],
            group.Key.Kind == Kind.Study ? group.Key.Value : null,
            group.Key.Kind == Kind.Sweep ? group.Key.Value : null))];
        if (RunFieldCatalog.Default.Find(sort.Field) is not { IsResult: true } result)
        {
            return groups;
        }

        // Sorting is stable: groups without the result come last, in the order of their first runs.
        IOrderedEnumerable<(GroupedRuns Group, double? Mean)> known =
            groups.Select(group => (Group: group, Mean: group.MeanOf(result))).OrderBy(group => group.Mean is null);
        return [.. (sort.Descending ? known.ThenByDescending(group => group.Mean) : known.ThenBy(group => group.Mean))
            .Select(group => group.Group)];
    }

    private double? MeanOf(RunField result)
    {
        double[] values = [.. Runs.Select(result.SortKey).OfType<double>()];
        return values.Length == 0 ? null : values.Average();
    }

    private static (Kind Kind, string Value) KeyOf(RunDocument run, RunGrouping grouping) => grouping switch
    {
        RunGrouping.Experiments or RunGrouping.All when run.StudyId is string study => (Kind.Study, study),
        RunGrouping.Experiments or RunGrouping.All when run.SweepId is string sweep => (Kind.Sweep, sweep),
        RunGrouping.Seeds or RunGrouping.All => (Kind.Settings, RunSettings.Of(run.Spec)),
        _ => (Kind.Run, run.Id),
    };
}
