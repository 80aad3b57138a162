namespace LoraLab.Training.Data.Presets;

/// <summary>The Stanford Sentiment Treebank (Socher et al. 2013), the dataset of the paper; its prompt is the paper's.</summary>
internal static class Sst2Preset
{
    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "sst2",
        Rows = "sentences of film reviews with their sentiment",
        Source = GlueLayout.Source,
        Labels = ["negative", "positive"],
        Layouts =
        [
            new("train.tsv", "dev.tsv", new DatasetManifest { Format = "tsv" }),
            new("train-*.parquet", "validation-*.parquet", new DatasetManifest { Format = "parquet" }, "sst2"),
        ],
        Repository = GlueLayout.Repository,
    };
}
