namespace LoraLab.Web.Pages.NewRun;

/// <summary>The plain fields of the form by block. Model, data set, method, its options and the targets have controls of their own.</summary>
internal static class FormFields
{
    internal static IReadOnlyList<FormField> Data { get; } =
    [
        new("trainSamples", "Training sentences", FieldKind.Number, "More than there are means all of them"),
        new("dataSeed", "Data seed", FieldKind.Number, "Picks the subset") { Nullable = true, Placeholder = "file order" },
        new("dataOffset", "Data offset", FieldKind.Number, "First position in the permutation") { Advanced = true },
        new("orderSeed", "Order seed", FieldKind.Number, "Order in which the subset is consumed") { Nullable = true, Placeholder = "as picked", Advanced = true },
        new("stripSentence", "Trim the sentence's trailing space", FieldKind.Switch) { Advanced = true },
    ];

    internal static IReadOnlyList<FormField> Adapter { get; } =
    [
        new("rank", "Rank r", FieldKind.Number),
        new("alpha", "Alpha α", FieldKind.Number, "Scaling s = α/r"),
        new("dropout", "Dropout", FieldKind.Number, "On the adapter's input") { Advanced = true },
        new("rankStabilized", "Rank-stabilised scaling, α/√r", FieldKind.Switch) { Advanced = true },
    ];

    internal static IReadOnlyList<FormField> Optimisation { get; } =
    [
        new("schedule", "Schedule", FieldKind.Choice) { Choices = ["linear", "constant", "cosine"] },
        new("epochs", "Epochs", FieldKind.Number),
        new("effectiveBatch", "Effective batch", FieldKind.Number, "Sentences per optimizer step"),
        new("lossScope", "Loss on", FieldKind.Choice, "full: every token; completion: the label") { Choices = ["full", "completion"] },
        new("maxSteps", "Stop after", FieldKind.Number, "Optimizer steps") { Nullable = true, Placeholder = "all steps" },
        new("warmupSteps", "Warm-up steps", FieldKind.Number) { Advanced = true },
        new("scheduleSteps", "Schedule's horizon", FieldKind.Number, "Steps") { Nullable = true, Placeholder = "the run's steps", Advanced = true },
        new("weightDecay", "Weight decay", FieldKind.Number) { Advanced = true },
        new("maxGradNorm", "Gradient clipping", FieldKind.Number, "Global norm") { Nullable = true, Placeholder = "off", Advanced = true },
        new("lossWeighting", "Loss weighting", FieldKind.Choice) { Choices = ["perExampleMean", "perToken"], Advanced = true },
        new("microBatch", "Micro batch", FieldKind.Number, "auto, or sentences per forward pass; 1 is the literal loop") { Advanced = true },
        new("packTokens", "Tokens per pass", FieldKind.Number, "The gradient does not depend on it") { Nullable = true, Placeholder = "what the memory holds", Advanced = true },
    ];

    internal static IReadOnlyList<FormField> Evaluation { get; } =
    [
        new("evalEvery", "Evaluate every", FieldKind.Number, "Optimizer steps"),
        new("evalSamples", "Evaluation rows", FieldKind.Number) { Nullable = true, Placeholder = "all" },
        new("evalSplit", "Evaluate on", FieldKind.Choice, "selection: held-out training rows") { Choices = ["dev", "selection"] },
        new("memoryBudgetMb", "Memory budget, MiB", FieldKind.Number) { Nullable = true, Placeholder = "the server's" },
        new("precision", "Base weights", FieldKind.Choice) { Choices = ["auto", "fp32", "bf16", "fp16"], Advanced = true },
        new("device", "Device", FieldKind.Text, "auto, cpu, cuda or cuda:N") { Advanced = true },
    ];

    internal static IReadOnlyList<FormField> Identity { get; } =
    [
        new("name", "Name", FieldKind.Text) { Nullable = true },
        new("priority", "Priority", FieldKind.Number, "Higher goes first"),
    ];
}
