using LoraLab.Contracts.Metrics;

namespace LoraLab.Web.Pages.Runs;

/// <summary>A column of the run table.</summary>
/// <param name="Title">The heading.</param>
/// <param name="SortField">The API's sort field; null: not sortable.</param>
/// <param name="Numeric">Whether it is right-aligned.</param>
/// <param name="DescendingFirst">Whether the first click sorts in descending order.</param>
/// <param name="Help">The tooltip.</param>
internal sealed record RunColumn(string Title, string? SortField, bool Numeric = false, bool DescendingFirst = false, string? Help = null)
{
    internal static IReadOnlyList<RunColumn> All { get; } = Of(MetricCatalog.Default);

    /// <summary>The columns, with those of the metrics.</summary>
    internal static IReadOnlyList<RunColumn> Of(MetricCatalog metrics) =>
    [
        new("State", "state"),
        new("Name", "name"),
        new("Method", "method"),
        new("Rank", "rank", Numeric: true),
        new("LR", "learningRate", Numeric: true, Help: "Learning rate (of A in LoRA+)"),
        new("Seed", "seed", Numeric: true, Help: "Of the adapter initialization and of dropout"),
        .. metrics.Columns.Select(metric => new RunColumn(
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
