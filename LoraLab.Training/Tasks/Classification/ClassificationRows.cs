using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>The labeled sentences of a run.</summary>
/// <param name="spec">Specification of the run.</param>
/// <param name="dataset">Its dataset.</param>
/// <param name="consumed">Training rows in the order of every epoch.</param>
/// <param name="evaluation">Evaluation rows in order.</param>
public sealed class ClassificationRows(
    RunSpec spec,
    ClassificationDataset dataset,
    IReadOnlyList<LabeledSentence> consumed,
    IReadOnlyList<LabeledSentence> evaluation) : SelectedRows
{
    /// <summary>Training rows in the order of every epoch.</summary>
    public IReadOnlyList<LabeledSentence> Consumed { get; } = consumed;

    /// <summary>Evaluation rows in order; row numbers of the selection split refer to the training file.</summary>
    public IReadOnlyList<LabeledSentence> Evaluation { get; } = evaluation;

    /// <inheritdoc />
    public override int TrainingCount => Consumed.Count;

    /// <inheritdoc />
    public override int EvaluationCount => Evaluation.Count;

    /// <inheritdoc />
    public override ClassificationData Encode(ITokenizer tokenizer, int contextLength)
    {
        ExampleEncoder encoder = new(tokenizer, PromptTemplate.Parse(spec.Prompt), dataset.Labels, spec.LossScope, spec.StripSentence);
        TrainingExample[] train = [.. Consumed.Select(encoder.EncodeTraining)];
        List<EvaluationExample> examples = [.. Evaluation.Select(encoder.EncodeEvaluation)];
        RequireContext(train, examples, contextLength);
        return new(spec, dataset, this, train, examples);
    }

    private static void RequireContext(TrainingExample[] train, List<EvaluationExample> evaluation, int contextLength)
    {
        TrainingExample longest = train.MaxBy(example => example.Ids.Length)!;
        EvaluationExample longestPrompt = evaluation.MaxBy(example => example.PromptIds.Length + example.LabelIds.Max(ids => ids.Length))!;
        int prompt = longestPrompt.PromptIds.Length + longestPrompt.LabelIds.Max(ids => ids.Length);
        if (longest.Ids.Length > contextLength || prompt > contextLength)
        {
            (string file, int row, int length) = longest.Ids.Length > contextLength
                ? ("training", longest.Row, longest.Ids.Length)
                : ("evaluation", longestPrompt.Row, prompt);
            throw RunFailure.BadData(
                $"Row {row} of the {file} data has {length} tokens with its prompt, more than the model's context of "
                    + $"{contextLength}; shorten or remove it.",
                "dataset");
        }
    }
}
