using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Tasks;

/// <summary>The tasks of the lab.</summary>
public static class TaskDescriptors
{
    /// <summary>All tasks, the default first.</summary>
    public static IReadOnlyList<TaskDescriptor> All => [Classification, Completion];

    /// <summary>Classification by prompt: one or more texts with one of several labels.</summary>
    public static TaskDescriptor Classification { get; } = new()
    {
        Id = "classification",
        Label = "Classification by prompt",
        RowName = "sentence",
        Scope = MetricScope.Classification,
        Fields = ["prompt", "stripSentence", "tooLong", "maxTokens", "lossScope", "labelScore"],
        PredictionColumns = ["row", "label", "predicted"],
    };

    /// <summary>Completion: a prompt and the text that follows it, of which instructions and conversations are kinds.</summary>
    public static TaskDescriptor Completion { get; } = new()
    {
        Id = "completion",
        Label = "Completion",
        RowName = "example",
        Scope = MetricScope.Completion,
        Fields = ["prompt", "chatTemplate", "tooLong", "maxTokens", "lossScope", "generateSamples", "generateTokens"],
        PredictionColumns = ["row", "loss", "tokens", "generated"],
    };
}
