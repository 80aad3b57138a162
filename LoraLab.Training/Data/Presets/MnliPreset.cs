namespace LoraLab.Training.Data.Presets;

/// <summary>
/// Multi-Genre Natural Language Inference (Williams et al. 2018), evaluated on the genres of the training rows (matched) or on others
/// (mismatched).
/// </summary>
internal static class MnliPreset
{
    private const string Configuration = "mnli";

    /// <summary>Evaluated on the genres of the training rows.</summary>
    public static DatasetPreset Matched { get; } = Preset("mnli", "matched", "the same genres");

    /// <summary>Evaluated on other genres.</summary>
    public static DatasetPreset Mismatched { get; } = Preset("mnli-mismatched", "mismatched", "other genres");

    private static DatasetPreset Preset(string name, string split, string genres) => new()
    {
        Name = name,
        Rows = $"premises with hypotheses that follow, may be true or contradict; evaluated on {genres}",
        Source = GlueLayout.Source,
        Labels = ["entailment", "neutral", "contradiction"],
        Prompt = "Premise: {premise}\nHypothesis: {hypothesis}\nRelation: {label}\n",
        Layouts =
        [
            GlueLayout.Table(
                GlueLayout.Pair("premise", "sentence1", "hypothesis", "sentence2"), "gold_label", $"dev_{split}.tsv"),
            GlueLayout.Parquet(Configuration, ["premise", "hypothesis"], $"validation_{split}"),
        ],
        Repository = GlueLayout.Repository,
    };
}
