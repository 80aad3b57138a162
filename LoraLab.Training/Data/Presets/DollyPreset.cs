using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Training.Data.Presets;

/// <summary>
/// Databricks Dolly 15k (Conover et al. 2023): prompts name the context <c>{input}</c> and the response <c>{output}</c>, as those of
/// Alpaca. No evaluation file.
/// </summary>
internal static class DollyPreset
{
    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "dolly",
        Rows = "instructions, some with a context, and their answers",
        Source = "databricks.com, April 2023; Hub: databricks/databricks-dolly-15k",
        Task = TaskDescriptors.Completion.Id,
        Metric = MetricKeys.EvalLoss,
        Layouts =
        [
            new("databricks-dolly-15k.jsonl", null, new DatasetManifest
            {
                Format = "jsonl",
                Columns = [new("instruction", new("instruction")), new("input", new("context")), new("output", new("response"))],
            }),
        ],
        Repository = "databricks/databricks-dolly-15k",
    };
}
