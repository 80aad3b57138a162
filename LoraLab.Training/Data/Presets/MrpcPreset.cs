using LoraLab.Contracts.Metrics;

namespace LoraLab.Training.Data.Presets;

/// <summary>
/// The Microsoft Research Paraphrase Corpus (Dolan and Brockett 2005): GLUE's files, or the two of Microsoft from which they are made,
/// with byte-order mark, CRLF and quotation marks that are text.
/// </summary>
internal static class MrpcPreset
{
    private static readonly IReadOnlyList<TextColumn> _columns = GlueLayout.Pair("sentence1", "#1 String", "sentence2", "#2 String");

    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "mrpc",
        Rows = "pairs of sentences from news that mean the same or not",
        Source = GlueLayout.Source,
        Labels = ["not_equivalent", "equivalent"],
        Prompt = "Do these sentences mean the same?\n1: {sentence1}\n2: {sentence2}\nAnswer: {label}\n",
        Metric = MetricKeys.EvalF1,
        Layouts =
        [
            GlueLayout.Table(_columns, "Quality"),
            new("msr_paraphrase_train.txt", "msr_paraphrase_test.txt", GlueLayout.Table(_columns, "Quality").Manifest),
            GlueLayout.Parquet("mrpc", ["sentence1", "sentence2"]),
        ],
        Repository = GlueLayout.Repository,
    };
}
