namespace LoraLab.Web.Pages.Runs;

/// <summary>A column of the run table.</summary>
/// <param name="Title">The heading.</param>
/// <param name="SortField">The API's sort field; null: not sortable.</param>
/// <param name="Numeric">Whether it is right-aligned.</param>
/// <param name="DescendingFirst">Whether the first click sorts in descending order.</param>
/// <param name="Help">The tooltip.</param>
internal sealed record RunColumn(string Title, string? SortField, bool Numeric = false, bool DescendingFirst = false, string? Help = null)
{
    internal static IReadOnlyList<RunColumn> All { get; } =
    [
        new("State", "state"),
        new("Name", "name"),
        new("Method", "method"),
        new("Rank", "rank", Numeric: true),
        new("LR", "learningRate", Numeric: true, Help: "Learning rate (of A in LoRA+)"),
        new("Seed", "seed", Numeric: true, Help: "Of the adapter initialization and of dropout"),
        new(
            "Accuracy",
            "eval/accuracy",
            Numeric: true,
            DescendingFirst: true,
            Help: "At the last evaluation; the best evaluation and its step are shown below"),
        new("Macro-F1", "eval/macroF1", Numeric: true, DescendingFirst: true, Help: "At the last evaluation"),
        new("Train time", "trainSeconds", Numeric: true, Help: "Excluding loading, evaluation and checkpoints"),
        new("Peak memory", "peakMemoryMb", Numeric: true, Help: "During training"),
        new("Trainable", "trainableParameters", Numeric: true, Help: "Trainable parameters, counted on the loaded model"),
        new("Tags", null),
        new("Created", "createdAt", DescendingFirst: true),
    ];
}
