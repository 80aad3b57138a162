namespace LoraLab.Web.Pages.NewRun;

/// <summary>
/// The plain fields of the form by block. Model, dataset, method, method options and target modules have custom controls.
/// </summary>
internal static class FormFields
{
    internal static IReadOnlyList<FormField> Data { get; } =
    [
        new("trainSamples", "Training sentences", FieldKind.Number, "A number above the row count means all rows"),
        new("dataSeed", "Data seed", FieldKind.Number, "Selects the subset") { Nullable = true, Placeholder = "file order" },
        new("dataOffset", "Data offset", FieldKind.Number, "Offset into the permutation") { Advanced = true },
        new("orderSeed", "Order seed", FieldKind.Number, "Order in which the subset is consumed")
        {
            Nullable = true,
            Placeholder = "as selected",
            Advanced = true,
        },
        new("stripSentence", "Trim trailing space of sentences", FieldKind.Switch) { Advanced = true },
    ];

    internal static IReadOnlyList<FormField> Adapter { get; } =
    [
        new("rank", "Rank r", FieldKind.Number),
        new("alpha", "Alpha α", FieldKind.Number, "Scaling s = α/r"),
        new("dropout", "Dropout", FieldKind.Number, "Applied to the adapter's input") { Advanced = true },
        new("rankStabilized", "Rank-stabilized scaling, α/√r", FieldKind.Switch) { Advanced = true },
    ];

    internal static IReadOnlyList<FormField> Optimization { get; } =
    [
        new("schedule", "Schedule", FieldKind.Choice) { Choices = ["linear", "constant", "cosine"] },
        new("epochs", "Epochs", FieldKind.Number),
        new("effectiveBatch", "Effective batch", FieldKind.Number, "Sentences per optimizer step"),
        new("lossScope", "Loss on", FieldKind.Choice, "full: all tokens; completion: from the label on")
        {
            Choices = ["full", "completion"],
        },
        new("maxSteps", "Stop after", FieldKind.Number, "Optimizer steps") { Nullable = true, Placeholder = "all steps" },
        new("warmupSteps", "Warmup steps", FieldKind.Number) { Advanced = true },
        new("scheduleSteps", "Schedule horizon", FieldKind.Number, "Optimizer steps")
        {
            Nullable = true,
            Placeholder = "the run's total",
            Advanced = true,
        },
        new("weightDecay", "Weight decay", FieldKind.Number) { Advanced = true },
        new("maxGradNorm", "Gradient clipping", FieldKind.Number, "Maximum global norm")
        {
            Nullable = true,
            Placeholder = "off",
            Advanced = true,
        },
        new("lossWeighting", "Loss weighting", FieldKind.Choice) { Choices = ["perExampleMean", "perToken"], Advanced = true },
        new("microBatch", "Micro-batch", FieldKind.Number, "auto, or sentences per forward pass; 1 is the reference path")
        {
            Advanced = true,
        },
        new("packTokens", "Tokens per pass", FieldKind.Number, "The gradient does not depend on it")
        {
            Nullable = true,
            Placeholder = "as memory allows",
            Advanced = true,
        },
    ];

    internal static IReadOnlyList<FormField> Evaluation { get; } =
    [
        new("evalEvery", "Evaluate every", FieldKind.Number, "Optimizer steps"),
        new("evalSamples", "Evaluation rows", FieldKind.Number) { Nullable = true, Placeholder = "all" },
        new("evalSplit", "Evaluate on", FieldKind.Choice, "selection: held-out training rows") { Choices = ["dev", "selection"] },
        new("memoryBudgetMb", "Memory budget (MiB)", FieldKind.Number) { Nullable = true, Placeholder = "server default" },
        new("precision", "Base weight precision", FieldKind.Choice) { Choices = ["auto", "fp32", "bf16", "fp16"], Advanced = true },
        new("device", "Device", FieldKind.Text, "auto, cpu, cuda or cuda:N") { Advanced = true },
    ];

    internal static IReadOnlyList<FormField> Identity { get; } =
    [
        new("name", "Name", FieldKind.Text) { Nullable = true },
        new("priority", "Priority", FieldKind.Number, "Higher runs first"),
    ];
}
