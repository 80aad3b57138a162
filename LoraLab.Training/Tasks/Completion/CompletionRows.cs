using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>The rows of a run.</summary>
/// <param name="spec">Specification of the run.</param>
/// <param name="dataset">Its dataset.</param>
/// <param name="consumed">Training rows in the order of every epoch.</param>
/// <param name="evaluation">Evaluation rows in order.</param>
public sealed class CompletionRows(
    RunSpec spec, CompletionDataset dataset, IReadOnlyList<CompletionRow> consumed, IReadOnlyList<CompletionRow> evaluation) : SelectedRows
{
    /// <inheritdoc />
    public override int TrainingCount => consumed.Count;

    /// <inheritdoc />
    public override int EvaluationCount => evaluation.Count;

    /// <summary>Where the evaluation rows were read; null: unknown.</summary>
    public SplitSource? EvaluationSource { get; init; }

    /// <summary>Rows on which the method calibrates; empty: it does not.</summary>
    public IReadOnlyList<CompletionRow> Calibration { get; init; } = [];

    /// <summary>What a user should know about the calibration rows; null: nothing.</summary>
    public string? CalibrationNote { get; init; }

    /// <inheritdoc />
    public override CompletionData Encode(ITokenizer tokenizer, int contextLength)
    {
        RowLayout layout = new(spec, dataset, tokenizer);
        RowFitting fitting = new(spec, dataset, layout, tokenizer, contextLength);
        IReadOnlyList<(CompletionRow Row, EncodedRow Encoded)> train =
            fitting.Fit(consumed, dataset.TrainSource, isTraining: true);
        IReadOnlyList<(CompletionRow Row, EncodedRow Encoded)> evaluated = fitting.Fit(evaluation, EvaluationSource, isTraining: false);
        fitting.Require(train.Count, evaluated.Count);
        RequirePrompts(evaluated);
        return new(
            spec,
            dataset,
            layout,
            tokenizer,
            [.. train.Select(Training)],
            [.. evaluated.Select(row => row.Row)],
            [.. evaluated.Select(row => Example(layout, row.Row, row.Encoded, tokenizer))])
        {
            Dropped = fitting.Dropped,
            Cut = fitting.Cut,
            Calibration = EncodeCalibration(layout, tokenizer, contextLength),
            Warnings =
            [
                .. dataset.Warnings,
                .. new[] { layout.Warning, CalibrationNote }.OfType<string>(),
                .. fitting.Warnings,
                .. new[] { Shared([.. train.Select(row => row.Row)], [.. evaluated.Select(row => row.Row)]) }.OfType<string>(),
            ],
        };
    }

    private TrainingExample Training((CompletionRow Row, EncodedRow Encoded) row) =>
        new(row.Row.Row, row.Encoded.Text.Ids, row.Encoded.Text.Targets(spec.LossScope));

    private IReadOnlyList<TrainingExample> EncodeCalibration(RowLayout layout, ITokenizer tokenizer, int contextLength)
    {
        if (Calibration.Count == 0)
        {
            return [];
        }

        RowFitting fitting = new(spec, dataset, layout, tokenizer, contextLength);
        IReadOnlyList<(CompletionRow Row, EncodedRow Encoded)> encoded = fitting.Fit(Calibration, dataset.TrainSource, isTraining: true);
        fitting.Require(encoded.Count, encoded.Count);
        return [.. encoded.Select(Training)];
    }

    private void RequirePrompts(IReadOnlyList<(CompletionRow Row, EncodedRow Encoded)> evaluated)
    {
        int[] empty = [.. evaluated.Take(spec.GenerateSamples).Where(row => row.Encoded.PromptIds.Length == 0).Select(row => row.Row.Row)];
        if (empty.Length > 0)
        {
            throw RunFailure.BadData(
                $"A text cannot be generated after a prompt without a token: {SplitSource.Places(EvaluationSource, empty)}; give the "
                    + "rows a prompt, or set generateSamples to 0.",
                "generateSamples");
        }
    }

    private CompletionExample Example(RowLayout layout, CompletionRow row, EncodedRow encoded, ITokenizer tokenizer) => new(
        row.Row,
        encoded.Text.Ids,
        encoded.Text.Targets(spec.LossScope),
        encoded.PromptIds,
        layout.Prompt(row) is IReadOnlyList<TextPart> prompt ? Chat.ChatText.Of(prompt, tokenizer.EndToken) : null,
        layout.Reference(row));

    private string? Shared(IReadOnlyList<CompletionRow> training, IReadOnlyList<CompletionRow> evaluated)
    {
        // evaluate chooses one training row and does not train.
        HashSet<string> trained = [.. training.Count > 1 ? training.Select(Text) : []];
        int[] shared = [.. evaluated.Where(row => trained.Contains(Text(row))).Select(row => row.Row)];
        return shared.Length == 0 ? null : $"{NumberFormat.Count(shared.Length)} of {NumberFormat.Count(evaluated.Count)} evaluation rows "
            + $"are the same as a training row, so the evaluation overstates what the run learns: "
            + $"{SplitSource.Places(EvaluationSource, shared)}.";
    }

    private static string Text(CompletionRow row) => string.Join('\u001f', row.Texts);
}
