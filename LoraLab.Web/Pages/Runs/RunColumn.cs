namespace LoraLab.Web.Pages.Runs;

/// <summary>A column of the table of runs.</summary>
/// <param name="Title">Its head.</param>
/// <param name="SortField">The API's name to sort by; null: not sortable.</param>
/// <param name="Numeric">Aligned to the right.</param>
/// <param name="DescendingFirst">The first click sorts from the highest down.</param>
/// <param name="Help">What it shows.</param>
internal sealed record RunColumn(string Title, string? SortField, bool Numeric = false, bool DescendingFirst = false, string? Help = null)
{
    internal static IReadOnlyList<RunColumn> All { get; } =
    [
        new("State", "state"),
        new("Name", "name"),
        new("Method", "method"),
        new("Rank", "rank", Numeric: true),
        new("LR", "learningRate", Numeric: true, Help: "Learning rate (of A in LoRA+)"),
        new("Seed", "seed", Numeric: true, Help: "Of the adapter's initial values and of dropout"),
        new("Accuracy", "eval/accuracy", Numeric: true, DescendingFirst: true, Help: "At the last evaluation; below it the best one and its step"),
        new("Macro-F1", "eval/macroF1", Numeric: true, DescendingFirst: true, Help: "At the last evaluation"),
        new("Train time", "trainSeconds", Numeric: true, Help: "Without loading, evaluation and checkpoints"),
        new("Peak mem.", "peakMemoryMb", Numeric: true, Help: "While training"),
        new("Trainable", "trainableParameters", Numeric: true, Help: "Trainable parameters, counted from the live model"),
        new("Tags", null),
        new("Created", "createdAt", DescendingFirst: true),
    ];
}
