using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// Compares a run with the figures that "Better Call LoRA" (Trifan and Popa) reports on its data and training. They are the only
/// external evidence that a run is the paper's experiment.
/// </summary>
public static class PaperProtocol
{
    private const int Sentences = 20_000;
    private const int EffectiveBatch = 16;
    private const string TinyLlamaWeights = "6e6001da2106d4757498752a021df6c2bdc332c650aae4bae6b0c004dcf14933";
    private const long PrintedPromptTokens = 637_174;

    /// <summary>Returns the figures; none if the run is a different experiment (other data, number of sentences or windows).</summary>
    public static IReadOnlyList<PaperFigure> Figures(RunSpec spec, RunFingerprint fingerprint, bool finished)
    {
        (ModelFingerprint model, TrainingFingerprint training) = (fingerprint.Model, fingerprint.Training);
        if (!Applies(spec, training))
        {
            return [];
        }

        bool sameWeights = model.WeightsSha256 == TinyLlamaWeights;
        return
        [
            new(PaperFigureNames.Weights, TinyLlamaWeights, model.WeightsSha256, sameWeights, sameWeights
                ? null
                : $"this run's base model is '{spec.Model}'"),
            Figure(PaperFigureNames.TrainingLabels, "8,940 / 11,060", Pair(training.Labels), available: true),
            Figure(PaperFigureNames.EvaluationLabels, "428 / 444", Pair(fingerprint.Evaluation.Labels), available: true),
            Figure(PaperFigureNames.Steps, "1,250", NumberFormat.Count(training.Steps), finished),
            Figure(
                PaperFigureNames.Tokens, "760,459", NumberFormat.Count(training.ConsumedTokens), finished, Tokens(training.ConsumedTokens)),
        ];
    }

    private static bool Applies(RunSpec spec, TrainingFingerprint training) =>
        string.Equals(spec.Dataset[(spec.Dataset.LastIndexOf('/') + 1)..], "sst2", StringComparison.OrdinalIgnoreCase)
        && training.Sentences == Sentences && spec.EffectiveBatch == EffectiveBatch && spec.Epochs == 1
        && spec.EvalSplit == EvalSplit.Dev && spec.EvalSamples is null;

    private static PaperFigure Figure(string name, string paper, string run, bool available, string? note = null) =>
        available ? new(name, paper, run, run == paper, run == paper ? null : note) : new(name, paper, null, null);

    private static string? Tokens(long consumed) => consumed == PrintedPromptTokens
        ? "the prompt as printed yields this number; in the paper's run, the sentence was in double quotes, "
            + "and each prompt had five more tokens, "
            + "which cannot be identified"
        : null;

    private static string Pair(IReadOnlyDictionary<string, int> labels) =>
        $"{NumberFormat.Count(labels.GetValueOrDefault("negative"))} / {NumberFormat.Count(labels.GetValueOrDefault("positive"))}";
}
