using LoraLab.Contracts.Metrics;

namespace LoraLab.Training.Data.Presets;

/// <summary>Quora Question Pairs (Iyer et al. 2017). A few rows of GLUE's files have too few columns.</summary>
internal static class QqpPreset
{
    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "qqp",
        Rows = "pairs of questions that ask the same or not",
        Source = GlueLayout.Source,
        Labels = ["not_duplicate", "duplicate"],
        Prompt = "Do these questions ask the same?\n1: {question1}\n2: {question2}\nAnswer: {label}\n",
        Metric = MetricKeys.EvalF1,
        Layouts =
        [
            GlueLayout.Table(GlueLayout.Named("question1", "question2"), "is_duplicate"),
            GlueLayout.Parquet("qqp", ["question1", "question2"]),
        ],
        Repository = GlueLayout.Repository,
    };
}
