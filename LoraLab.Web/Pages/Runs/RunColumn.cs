using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Web.Pages.Runs;

/// <summary>A column of the run table.</summary>
/// <param name="Title">The heading.</param>
/// <param name="SortField">The API's sort field; null: not sortable.</param>
/// <param name="Numeric">Whether it is right-aligned.</param>
/// <param name="DescendingFirst">Whether the first click sorts in descending order.</param>
/// <param name="Help">The tooltip.</param>
internal sealed record RunColumn(string Title, string? SortField, bool Numeric = false, bool DescendingFirst = false, string? Help = null)
{
    /// <summary>The metrics with a column: those of the tasks of the runs, the optional ones only where a run has a value.</summary>
    internal static IReadOnlyList<MetricDescriptor> Metrics(IReadOnlyList<RunDocument> runs, MetricCatalog? metrics = null) =>
    [
        .. TaskDescriptors.Columns(runs.Select(run => TaskDescriptors.Of(run.Task, run.Metric)), metrics)
            .Where(metric => !metric.IsOptional || runs.Any(run => run.Summary[metric.Key] is not null)),
    ];

    /// <summary>The columns, with those of the metrics.</summary>
    internal static IReadOnlyList<RunColumn> Of(IReadOnlyList<MetricDescriptor> metrics) =>
    [
        new("State", "state"),
        new("Name", "name"),
        new("Method", "method"),
        new("Rank", "rank", Numeric: true),
        new("LR", "learningRate", Numeric: true, Help: "Learning rate (of A in LoRA+)"),
        new("Seed", "seed", Numeric: true, Help: "Of the adapter initialization and of dropout"),
        .. metrics.Select(metric => new RunColumn(
            metric.Label,
            metric.Key,
            Numeric: true,
            DescendingFirst: metric.Direction == MetricDirection.HigherIsBetter,
            Help: metric.Key == MetricKeys.EvalAccuracy
                ? "At the last evaluation; the best evaluation and its step are shown below"
                : "At the last evaluation")),
        new("Train time", "trainSeconds", Numeric: true, Help: "Excluding loading, evaluation and checkpoints"),
        new("Peak memory", "peakMemoryMb", Numeric: true, Help: "During training"),
        new("Trainable", "trainableParameters", Numeric: true, Help: "Trainable parameters, counted on the loaded model"),
        new("Tags", null),
        new("Created", "createdAt", DescendingFirst: true),
    ];
}
