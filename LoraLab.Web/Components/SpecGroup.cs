namespace LoraLab.Web.Components;

/// <summary>Fields of the specification that belong together; the form and the run's page show the same four groups.</summary>
/// <param name="Title">Head of the group.</param>
/// <param name="Fields">JSON names.</param>
public sealed record SpecGroup(string Title, IReadOnlyList<string> Fields)
{
    public static IReadOnlyList<SpecGroup> All { get; } =
    [
        new("Model & data", ["model", "dataset", "trainSamples", "dataSeed", "dataOffset", "orderSeed", "prompt", "stripSentence"]),
        new("Method", ["method", "rank", "alpha", "rankStabilized", "dropout", "targetModules", "methodOptions", "initFrom", "seed"]),
        new("Optimisation", ["learningRate", "learningRateB", "schedule", "warmupSteps", "scheduleSteps", "epochs", "maxSteps", "effectiveBatch", "microBatch", "packTokens", "weightDecay", "maxGradNorm", "lossScope", "lossWeighting"]),
        new("Evaluation & budget", ["evalEvery", "evalSamples", "evalSplit", "precision", "device", "memoryBudgetMb"]),
    ];
}
