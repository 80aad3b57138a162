using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>The labeled rows of a run.</summary>
/// <param name="spec">Specification of the run.</param>
/// <param name="dataset">Its dataset.</param>
/// <param name="consumed">Training rows in the order of every epoch.</param>
/// <param name="evaluation">Evaluation rows in order.</param>
public sealed class ClassificationRows(
    RunSpec spec,
    ClassificationDataset dataset,
    IReadOnlyList<LabeledRow> consumed,
    IReadOnlyList<LabeledRow> evaluation) : SelectedRows
{
    /// <summary>Training rows in the order of every epoch.</summary>
    public IReadOnlyList<LabeledRow> Consumed { get; } = consumed;

    /// <summary>Evaluation rows in order; row numbers of the selection split refer to the training file.</summary>
    public IReadOnlyList<LabeledRow> Evaluation { get; } = evaluation;

    /// <summary>Rows on which the method calibrates; empty: it does not.</summary>
    public IReadOnlyList<LabeledRow> Calibration { get; init; } = [];

    /// <summary>What a user should know about the calibration rows; null: nothing.</summary>
    public string? CalibrationNote { get; init; }

    /// <inheritdoc />
    public override int TrainingCount => Consumed.Count;

    /// <inheritdoc />
    public override int EvaluationCount => Evaluation.Count;

    /// <summary>Where the evaluation rows were read; null: unknown.</summary>
    public SplitSource? EvaluationSource { get; init; }

    /// <inheritdoc />
    public override ClassificationData Encode(ITokenizer tokenizer, int contextLength)
    {
        RowFitting fitting = new(spec, dataset, tokenizer, contextLength);
        IReadOnlyList<EncodedRow<TrainingExample>> train = fitting.Training(Consumed, dataset.Sources.FirstOrDefault());
        IReadOnlyList<EncodedRow<EvaluationExample>> evaluated = fitting.Evaluation(Evaluation, EvaluationSource);
        fitting.Require(train.Count, evaluated.Count);
        if (spec.LabelScore == LabelScore.Sum)
        {
            RequireReachable(evaluated[0].Example.LabelIds);
        }

        IReadOnlyList<TrainingExample> calibration = EncodeCalibration(tokenizer, contextLength);
        LabeledRow[] trained = [.. train.Select(row => row.Row)];
        LabeledRow[] evaluation = [.. evaluated.Select(row => row.Row)];
        return new(spec, dataset, trained, [.. train.Select(row => row.Example)], evaluation, [.. evaluated.Select(row => row.Example)])
        {
            LongTraining = fitting.LongTraining,
            LongEvaluation = fitting.LongEvaluation,
            Calibration = calibration,
            Warnings =
            [
                .. dataset.Warnings,
                .. new[] { fitting.Warning, fitting.SpecialWarning, CalibrationNote }.OfType<string>(),
                .. RowWarnings.Of(dataset, trained, evaluation, EvaluationSource),
            ],
        };
    }

    /// <summary>Refuses labels that can never score highest: a score is the sum over the label's tokens.</summary>
    /// <param name="ids">Tokens that each label adds to a prompt.</param>
    /// <exception cref="RunFailure">The tokens of a label begin with all tokens of another; field <c>dataset</c>.</exception>
    private void RequireReachable(IReadOnlyList<int[]> ids)
    {
        if (RowWarnings.OfLabels(dataset.Labels, ids).FirstOrDefault() is string hidden)
        {
            throw RunFailure.BadData(
                $"Dataset '{dataset.Name}': {hidden[..^1]}, or set labelScore to \"meanPerToken\".", "dataset");
        }
    }

    private IReadOnlyList<TrainingExample> EncodeCalibration(ITokenizer tokenizer, int contextLength)
    {
        if (Calibration.Count == 0)
        {
            return [];
        }

        RowFitting fitting = new(spec, dataset, tokenizer, contextLength);
        IReadOnlyList<EncodedRow<TrainingExample>> encoded = fitting.Training(Calibration, dataset.Sources.FirstOrDefault());
        fitting.Require(encoded.Count, encoded.Count);
        return [.. encoded.Select(row => row.Example)];
    }
}
