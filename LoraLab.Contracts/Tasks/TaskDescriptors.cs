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

    /// <summary>The task of an id; classification, which is that of documents without one, where no task has it.</summary>
    public static TaskDescriptor Of(string? id) => All.FirstOrDefault(task => task.Id == id) ?? Classification;

    /// <summary>
    /// The task of an id with the primary metric of a run: what a run, a group of runs or a study is compared, selected and sorted by.
    /// </summary>
    /// <param name="id">As in <see cref="Of(string)"/>.</param>
    /// <param name="metric">Key that the run stored; null, as in documents of earlier versions: the task's own.</param>
    public static TaskDescriptor Of(string? id, string? metric) => Of(id) with { DatasetMetric = metric };

    /// <summary>
    /// The metrics with a column in a table of runs of these tasks, in the order of the catalog; first the primary one, if it is the same
    /// for all.
    /// </summary>
    /// <param name="tasks">The tasks of the runs with their primary metrics; none: classification.</param>
    /// <param name="metrics">The catalog; null: that of LoraLab.</param>
    public static IReadOnlyList<MetricDescriptor> Columns(IEnumerable<TaskDescriptor> tasks, MetricCatalog? metrics = null)
    {
        TaskDescriptor[] all = [.. tasks.Distinct().DefaultIfEmpty(Classification)];
        return
        [
            .. (metrics ?? MetricCatalog.Default).All
                .Where(metric => all.Any(task => metric.Key == task.Primary.Key)
                    || (metric.HasColumn && (metric.Scope == MetricScope.EveryTask || all.Any(task => task.Scope == metric.Scope))))
                .OrderByDescending(metric => all.All(task => metric.Key == task.Primary.Key)),
        ];
    }
}
