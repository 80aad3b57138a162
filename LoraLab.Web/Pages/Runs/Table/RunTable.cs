using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.Runs.Table;

/// <summary>A table of runs as it is shown and exported. Built from the documents alone.</summary>
/// <param name="Columns">The columns.</param>
/// <param name="Rows">The rows, in the order of their first runs.</param>
public sealed record RunTable(IReadOnlyList<TableColumn> Columns, IReadOnlyList<TableRow> Rows)
{
    /// <summary>Values of a setting that a row of several runs lists; more are counted.</summary>
    private const int ListedValues = 4;

    private static readonly string[] _differing =
        [.. SpecFieldCatalog.Default.Where(field => field.Has(SpecRoles.Seed | SpecRoles.Description))];

    /// <summary>Whether differences are shown.</summary>
    public bool HasDeltas => Rows.Any(row => row.IsBaseline);

    /// <summary>Builds the table.</summary>
    public static RunTable Of(IReadOnlyList<RunDocument> runs, IReadOnlyList<TableColumn> columns, TableOptions options)
    {
        IReadOnlyList<RunDocument>[] groups =
            [.. runs.GroupBy(run => GroupOf(run, options)).Select(group => (IReadOnlyList<RunDocument>)[.. group])];
        IReadOnlyList<RunDocument>? baseline = groups.FirstOrDefault(group => group.Any(run => run.Id == options.Baseline));
        string? reference = groups.Length == 0 ? null
            : DataOf(baseline ?? groups.GroupBy(DataOf).MaxBy(same => same.Count())!.First());
        return new RunTable(
            columns,
            [.. groups.Select(group => RowOf(group, columns, options, baseline, reference))]);
    }

    private static TableRow RowOf(
        IReadOnlyList<RunDocument> runs,
        IReadOnlyList<TableColumn> columns,
        TableOptions options,
        IReadOnlyList<RunDocument>? baseline,
        string? reference)
    {
        RunDocument first = runs[0];
        string? data = DataOf(runs);
        bool comparable = data is not null && data == reference;
        string? experiment = options.Collapse ? first.StudyId ?? first.SweepId : null;
        string? kind = experiment is null ? null : first.StudyId is null ? "sweep" : "study";
        string count = NumberFormat.Count(runs.Count, "run");
        return new TableRow(first.Id, runs, [.. columns.Select(column => CellOf(column, runs, baseline, comparable))])
        {
            Title = experiment is not null ? $"{options.ExperimentNames.GetValueOrDefault(experiment, $"{kind} {experiment}")} ({count})"
                : runs.Count > 1 ? $"{first.Name} (n = {runs.Count})"
                : null,
            Link = experiment is not null ? $"{(kind == "study" ? "studies" : "sweeps")}/{experiment}"
                : runs.Count == 1 ? $"runs/{first.Id}"
                : null,
            IsBaseline = ReferenceEquals(runs, baseline),
            OtherData = comparable ? null : data is null ? "several data sets or splits" : data,
        };
    }

    private static TableCell CellOf(
        TableColumn column, IReadOnlyList<RunDocument> runs, IReadOnlyList<RunDocument>? baseline, bool comparable)
    {
        if (column.Result is not { } result)
        {
            return new TableCell(Settings(column, runs));
        }

        double[] values = [.. runs.Select(result).OfType<double>()];
        string text = values.Length == 0 ? ""
            : runs.Count == 1 ? column.Text(runs[0]) ?? ""
            : Summary(column, values, runs.Count);
        return new TableCell(text, Delta(column, runs, values, baseline, comparable));
    }

    private static string? Delta(
        TableColumn column, IReadOnlyList<RunDocument> runs, double[] values, IReadOnlyList<RunDocument>? baseline, bool comparable)
    {
        if (baseline is null || ReferenceEquals(runs, baseline) || values.Length == 0 || (column.DependsOnData && !comparable))
        {
            return null;
        }

        double[] reference = [.. baseline.Select(column.Result!).OfType<double>()];
        return reference.Length == 0 ? null : column.Difference(values.Average() - reference.Average());
    }

    /// <summary>Mean and sample standard deviation; says how many runs have a value where not all have one.</summary>
    private static string Summary(TableColumn column, double[] values, int runs)
    {
        double mean = values.Average();
        string some = values.Length < runs ? $" ({values.Length} of {runs})" : "";
        if (values.Length == 1)
        {
            return column.Format(mean) + some;
        }

        double deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
        return $"{column.Format(mean)} ± {column.Format(deviation)}{some}";
    }

    private static string Settings(TableColumn column, IReadOnlyList<RunDocument> runs)
    {
        string[] distinct = [.. runs.Select(run => column.Text(run) ?? "").Distinct()];
        return distinct.Length <= ListedValues ? string.Join(", ", distinct.Where(text => text.Length > 0)) : $"{distinct.Length} values";
    }

    private static string GroupOf(RunDocument run, TableOptions options)
    {
        if (options.Collapse && (run.StudyId ?? run.SweepId) is string experiment)
        {
            return "experiment " + experiment;
        }

        if (!options.GroupSeeds)
        {
            return "run " + run.Id;
        }

        JsonObject settings = SpecFieldCatalog.ToJson(run.Spec);
        foreach (string field in _differing)
        {
            settings.Remove(field);
        }

        return "settings " + settings.ToJsonString();
    }

    /// <summary>Dataset and split of the evaluations; null: not the same for all runs.</summary>
    private static string? DataOf(IReadOnlyList<RunDocument> runs)
    {
        string[] data = [.. runs.Select(run => $"{run.Spec.Dataset}, {run.Spec.EvalSplit.ToString().ToLowerInvariant()} split").Distinct()];
        return data.Length == 1 ? data[0] : null;
    }
}
