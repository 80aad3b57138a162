using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>A dataset for completion, read by <see cref="CompletionReader"/>.</summary>
public sealed class CompletionDataset : Dataset
{
    /// <summary>Rule of the selection split of a dataset that states none: rows of any length, but not only a few.</summary>
    public static SelectionRule DefaultSelection { get; } = new() { MinWords = 1, MinRows = 100 };

    /// <summary>Its columns.</summary>
    public required CompletionColumns Columns { get; init; }

    /// <summary>Prompt of runs that name none, as the manifest has it; null: that of the columns.</summary>
    public string? Prompt { get; init; }

    /// <summary>Training rows in file order, at least one.</summary>
    public required IReadOnlyList<CompletionRow> Train { get; init; }

    /// <summary>Evaluation rows in file order; empty: there is no evaluation file.</summary>
    public required IReadOnlyList<CompletionRow> Dev { get; init; }

    /// <summary>Rows of the selection split in file order, if it is a file of its own; null: they are held out from training.</summary>
    public IReadOnlyList<CompletionRow>? Held { get; init; }

    /// <summary>Which rows are the selection split.</summary>
    public SelectionRule SelectionRule { get; init; } = DefaultSelection;

    /// <summary>Where the training rows were read; null: unknown.</summary>
    public SplitSource? TrainSource { get; init; }

    /// <summary>Where the evaluation rows were read; null: unknown.</summary>
    public SplitSource? DevSource { get; init; }

    /// <summary>Where the rows of the selection split were read, if it is a file of its own; null: unknown.</summary>
    public SplitSource? HeldSource { get; init; }

    /// <summary>Encoded rows of earlier runs.</summary>
    internal EncodedRows Encodings { get; } = new();

    /// <inheritdoc />
    public override string DefaultPrompt => Prompt ?? Columns.DefaultPrompt ?? "";

    /// <inheritdoc />
    public override DatasetEntry Entry => new()
    {
        Name = Name,
        Usable = true,
        Task = TaskDescriptors.Completion.Id,
        Metric = TaskDescriptors.Of(TaskDescriptors.Completion.Id, Metric).Primary.Key,
        Columns = Columns.Names,
        Prompt = DefaultPrompt.Length == 0 ? null : DefaultPrompt,
        TrainRows = Train.Count,
        EvalRows = Dev.Count,
        Warnings = Warnings,
        Toy = Toy,
    };

    /// <summary>A conversation has a chat template instead of a prompt.</summary>
    /// <inheritdoc />
    public override RunSpec Complete(RunSpec spec) => Columns.Kind == CompletionKind.Messages ? spec : base.Complete(spec);

    /// <inheritdoc />
    public override IReadOnlyList<DatasetRow> Rows(bool evaluation, int offset, int limit) =>
        [.. (evaluation ? Dev : Train).Skip(offset).Take(limit).Select(row => Text(row.Row, Columns.Names, row.Texts, null))];

    /// <inheritdoc />
    public override CompletionRows Select(RunSpec spec, CalibrationRule? heldOut = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        TrainingSubset<CompletionRow> subset = TrainingSubset<CompletionRow>.Select(
            Name, Train, spec, CalibrationRule.Of(spec) ?? heldOut);
        (IReadOnlyList<CompletionRow> evaluation, SplitSource? source) = (spec.EvalSplit, Held) switch
        {
            (EvalSplit.Dev, _) when Dev.Count > 0 => (Dev, DevSource),
            (EvalSplit.Dev, _) => (Remaining(subset), TrainSource),
            (_, null) => (Selection(subset), TrainSource),
            _ => (Held, HeldSource),
        };
        return new(spec, this, subset.Consumed, [.. evaluation.Take(spec.EvalSamples ?? int.MaxValue)])
        {
            EvaluationSource = source,
            Calibration = heldOut is null ? subset.Calibration : [],
            CalibrationNote = heldOut is null ? subset.CalibrationNote : null,
        };
    }

    private IReadOnlyList<CompletionRow> Remaining(TrainingSubset<CompletionRow> subset)
    {
        CompletionRow[] rows = [.. subset.Remaining];
        return rows.Length > 0 ? rows : throw RunFailure.BadData(
            $"Dataset '{Name}' has no evaluation file, so a run is evaluated on rows that it does not train on, but trainSamples takes "
                + "all; lower trainSamples.",
            "trainSamples");
    }

    private List<CompletionRow> Selection(TrainingSubset<CompletionRow> subset)
    {
        // What the model is asked must be new: the same prompt with another answer is known, too.
        HashSet<string> seen = [.. subset.Consumed.Select(Question)];
        List<CompletionRow> selected = [.. subset.Remaining
            .Where(row => row.Texts.Sum(Words) >= SelectionRule.MinWords && !seen.Contains(Question(row)))
            .Take(SelectionRule.MaxRows)];
        return selected.Count >= SelectionRule.MinRows ? selected : throw RunFailure.BadData(
            $"The selection split of dataset '{Name}' would have {selected.Count} rows, but needs {SelectionRule.MinRows}: too few of the "
                + $"remaining rows have at least {NumberFormat.Count(SelectionRule.MinWords, "word")} and a prompt that no training row "
                + "has; lower trainSamples, set evalSplit to \"dev\", or set \"selection\" in dataset.json to a file of held-out rows "
                + "or to lower minWords and minRows.",
            "evalSplit");
    }

    private string Question(CompletionRow row) => string.Join('\u001f', Columns.Kind == CompletionKind.Prompted
        ? row.Texts.Where((_, i) => Columns.Columns[i].Name != Columns.Completion)
        : row.Texts);

    private static int Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
}
