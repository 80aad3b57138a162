namespace LoraLab.Training.Data.Presets;

/// <summary>
/// AG's news topics (Zhang et al. 2015). The published CSV has no header and the columns class, title and description, which the Hub joins
/// as the text; so does the preset.
/// </summary>
internal static class AgNewsPreset
{
    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "ag_news",
        Rows = "news with their topic",
        Source = "arXiv 1509.01626; Hub: fancyzhx/ag_news",
        Labels = ["World", "Sports", "Business", "Sci/Tech"],
        Prompt = "News: {text}\nTopic: {label}\n",
        Layouts =
        [
            new("train.csv", "test.csv", new DatasetManifest
            {
                Format = "csv",
                Header = false,
                Columns = [new("text", new Column("2", 2))],
                LabelColumn = new("1", 1),
                LabelValues = new Dictionary<string, string>
                {
                    ["1"] = "World",
                    ["2"] = "Sports",
                    ["3"] = "Business",
                    ["4"] = "Sci/Tech",
                },
                Recast = fields => fields is [var topic, var title, var description] ? [topic, $"{title} {description}"] : fields,
            }),
            new("train-*.parquet", "test-*.parquet", new DatasetManifest
            {
                Format = "parquet",
                Columns = GlueLayout.Named("text"),
            }, "data"),
        ],
        Repository = "fancyzhx/ag_news",
    };
}
