namespace LoraLab.Training.Data.Presets;

/// <summary>Recognizing Textual Entailment, the challenges 1, 2, 3 and 5 (Dagan et al. 2006 and later).</summary>
internal static class RtePreset
{
    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "rte",
        Rows = "premises with hypotheses that follow or not",
        Source = GlueLayout.Source,
        Labels = ["entailment", "not_entailment"],
        Prompt = "Premise: {sentence1}\nHypothesis: {sentence2}\nRelation: {label}\n",
        Layouts =
        [
            GlueLayout.Table(GlueLayout.Named("sentence1", "sentence2"), "label"),
            GlueLayout.Parquet("rte", ["sentence1", "sentence2"]),
        ],
        Repository = GlueLayout.Repository,
    };
}
