using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Training.Data.Presets;

/// <summary>Grade School Math (Cobbe et al. 2021): the last number of an answer is its result.</summary>
internal static class Gsm8kPreset
{
    private static readonly DatasetManifest _columns = new() { PromptColumn = new("question"), CompletionColumn = new("answer") };

    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "gsm8k",
        Rows = "word problems with worked answers",
        Source = "arXiv 2110.14168, github.com/openai/grade-school-math; Hub: openai/gsm8k",
        Task = TaskDescriptors.Completion.Id,
        Prompt = "Question: {prompt}\nAnswer: {completion}",
        Metric = MetricKeys.EvalNumericMatch,
        Layouts =
        [
            new("train.jsonl", "test.jsonl", _columns with { Format = "jsonl" }),
            new("train-*.parquet", "test-*.parquet", _columns with { Format = "parquet" }, "main"),
        ],
        Repository = "openai/gsm8k",
    };
}
