using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Groups;
using LoraLab.Web.Components;

namespace LoraLab.Web.Pages.Runs.Table;

/// <summary>A table of runs as it is shown and exported. Built from the rows that the server made alone.</summary>
/// <param name="Columns">The columns.</param>
/// <param name="Rows">The rows, in order.</param>
/// <param name="HasDeltas">Whether differences from a baseline are shown.</param>
public sealed record RunTable(IReadOnlyList<TableColumn> Columns, IReadOnlyList<TableRow> Rows, bool HasDeltas)
{
    /// <summary>Builds the table.</summary>
    public static RunTable Of(IEnumerable<RunGroup> groups, IReadOnlyList<TableColumn> columns, TableOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new(columns, [.. groups.Select(group => RowOf(group, columns, options))], options.Baseline is not null);
    }

    /// <summary>Builds one row.</summary>
    public static TableRow RowOf(RunGroup group, IReadOnlyList<TableColumn> columns, TableOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        RunData? reference = options.Baseline is { } baseline ? baseline.Data : options.Data;
        bool comparable = group.Data?.IsSame(reference) == true;
        string count = NumberFormat.Count(group.Count, "run");
        string? kind = group.StudyId is not null ? "study" : group.SweepId is not null ? "sweep" : null;
        string? experiment = group.StudyId ?? group.SweepId;
        return new TableRow(group, [.. columns.Select(column => CellOf(column, group, options, comparable))])
        {
            Title = experiment is not null ? $"{group.ExperimentName ?? $"{kind} {experiment}"} ({count})"
                : group.Count > 1 ? $"{RunNameParts.Of(group.First).Name} (n = {NumberFormat.Count(group.Count)})"
                : null,
            Link = experiment is not null ? $"{(kind == "study" ? "studies" : "sweeps")}/{experiment}"
                : group.Count == 1 ? $"runs/{group.First.Id}"
                : null,
            IsBaseline = options.Baseline?.First.Id == group.First.Id,
            OtherData = comparable || reference is null ? null
                : group.Data is { } data ? $"{data.Dataset}, {data.EvalSplit.ToString().ToLowerInvariant()} split"
                : "several datasets or splits",
        };
    }

    private static TableCell CellOf(TableColumn column, RunGroup group, TableOptions options, bool comparable) =>
        column.Result is null
            ? new TableCell(Setting(column, group, options.Methods))
            : new TableCell(Result(column, group), Delta(column, group, options.Baseline, comparable));

    private static string? Delta(TableColumn column, RunGroup group, RunGroup? baseline, bool comparable) =>
        baseline is null || baseline.First.Id == group.First.Id || (column.DependsOnData && !comparable)
        || ValueOf(column, group) is not double value || ValueOf(column, baseline) is not double reference
            ? null
            : column.Difference(value - reference);

    private static double? ValueOf(TableColumn column, RunGroup group) =>
        group.Count == 1 ? column.Result!(group.First) : group.Results.GetValueOrDefault(column.Key)?.Mean;

    /// <summary>Mean and sample standard deviation; says how many runs have a value where not all have one.</summary>
    private static string Result(TableColumn column, RunGroup group)
    {
        if (group.Count == 1)
        {
            return column.Text(group.First) ?? "";
        }

        if (group.Results.GetValueOrDefault(column.Key) is not { } result)
        {
            return "";
        }

        string some = result.N < group.Count ? $" ({NumberFormat.Count(result.N)} of {NumberFormat.Count(group.Count)})" : "";
        string spread = result.Deviation is double deviation ? $" ± {column.Format(deviation)}" : "";
        return column.Format(result.Mean) + spread + some;
    }

    private static string Setting(TableColumn column, RunGroup group, IReadOnlyList<MethodDescriptor> methods)
    {
        RunSpec spec = group.First.Spec;
        if (column.SpecField == "method")
        {
            return Differing(column, group, value => MethodName((string?)value)) ?? MethodName(spec.Method);
        }

        // A rank, for example, means nothing to a method without one.
        bool isUsed = column.SpecField is not string field || group.Differing.ContainsKey("method")
            || methods.FirstOrDefault(method => method.Id == spec.Method)?.Uses(field) != false;
        return isUsed ? Differing(column, group, column.Show) ?? column.Text(group.First) ?? "" : "";

        string MethodName(string? id) => methods.FirstOrDefault(method => method.Id == id)?.Name ?? id ?? "";
    }

    /// <summary>The different values of a group, or their number; null: its runs have the same.</summary>
    private static string? Differing(TableColumn column, RunGroup group, Func<JsonNode?, string> show) =>
        group.Differing.GetValueOrDefault(column.Key) is not { } values ? null
        : column.IsListed && values.Count == values.Values.Count
            ? string.Join(", ", values.Values.Select(show).Where(text => text.Length > 0))
        : $"{NumberFormat.Count(values.Count)} values";
}
