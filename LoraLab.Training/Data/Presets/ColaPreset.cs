using LoraLab.Contracts.Metrics;

namespace LoraLab.Training.Data.Presets;

/// <summary>The Corpus of Linguistic Acceptability (Warstadt et al. 2019). GLUE's files have no header and four columns.</summary>
internal static class ColaPreset
{
    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "cola",
        Rows = "sentences of linguistics publications that are acceptable or not",
        Source = GlueLayout.Source,
        Labels = ["unacceptable", "acceptable"],
        Prompt = "Is this sentence grammatically acceptable?\n{sentence}\nAnswer: {label}\n",
        Metric = MetricKeys.EvalMcc,
        Layouts =
        [
            new("train.tsv", "dev.tsv", new DatasetManifest
            {
                Format = "tsv",
                Header = false,
                Columns = [new("sentence", new Column("4", 4))],
                LabelColumn = new("2", 2),
            }),
            GlueLayout.Parquet("cola", ["sentence"]),
        ],
        Repository = GlueLayout.Repository,
    };
}
