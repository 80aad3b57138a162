using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Tasks;

/// <summary>The tasks of the lab.</summary>
public static class TaskDescriptors
{
    /// <summary>Classification by prompt: a sentence with one of several labels.</summary>
    public static TaskDescriptor Classification { get; } = new()
    {
        Id = "classification",
        Label = "Classification by prompt",
        RowName = "sentence",
        Scope = MetricScope.Classification,
        Fields = ["prompt", "stripSentence", "tooLong", "maxTokens", "lossScope"],
        PredictionColumns = ["row", "label", "predicted"],
    };
}
