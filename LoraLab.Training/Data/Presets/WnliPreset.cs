namespace LoraLab.Training.Data.Presets;

/// <summary>Winograd Natural Language Inference, made of the Winograd Schema Challenge (Levesque et al. 2011).</summary>
internal static class WnliPreset
{
    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "wnli",
        Rows = "sentences with one whose pronoun is replaced, which follows or not",
        Source = GlueLayout.Source,
        Labels = ["not_entailment", "entailment"],
        Prompt = "Premise: {sentence1}\nHypothesis: {sentence2}\nRelation: {label}\n",
        Layouts =
        [
            GlueLayout.Table(GlueLayout.Named("sentence1", "sentence2"), "label"),
            GlueLayout.Parquet("wnli", ["sentence1", "sentence2"]),
        ],
        Repository = GlueLayout.Repository,
    };
}
