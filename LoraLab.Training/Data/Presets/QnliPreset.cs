namespace LoraLab.Training.Data.Presets;

/// <summary>Question-answering Natural Language Inference, made of SQuAD (Rajpurkar et al. 2016).</summary>
internal static class QnliPreset
{
    private static readonly string[] _columns = ["question", "sentence"];

    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "qnli",
        Rows = "questions with sentences that answer them or not",
        Source = GlueLayout.Source,
        Labels = ["entailment", "not_entailment"],
        Prompt = "Question: {question}\nSentence: {sentence}\nThe answer in the sentence: {label}\n",
        Layouts = [GlueLayout.Table(GlueLayout.Named(_columns), "label"), GlueLayout.Parquet("qnli", _columns)],
        Repository = GlueLayout.Repository,
    };
}
