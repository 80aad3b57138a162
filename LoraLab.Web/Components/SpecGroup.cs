namespace LoraLab.Web.Components;

/// <summary>A group of related fields of the specification; the form and the run page show the same four groups.</summary>
/// <param name="Title">Heading of the group.</param>
/// <param name="Fields">JSON names.</param>
public sealed record SpecGroup(string Title, IReadOnlyList<string> Fields)
{
    public static IReadOnlyList<SpecGroup> All { get; } =
    [
        new("Model & data", ["model", "dataset", "trainSamples", "dataSeed", "dataOffset", "orderSeed", "prompt", "stripSentence"]),
        new("Method", ["method", "rank", "alpha", "rankStabilized", "dropout", "targetModules", "methodOptions", "initFrom", "seed"]),
        new("Optimization",
        [
            "learningRate", "learningRateB", "schedule", "warmupSteps", "scheduleSteps", "epochs", "maxSteps", "effectiveBatch",
            "microBatch", "packTokens", "weightDecay", "maxGradNorm", "lossScope", "lossWeighting",
        ]),
        new("Evaluation & budget", ["evalEvery", "evalSamples", "evalSplit", "precision", "device", "memoryBudgetMb"]),
    ];
}
