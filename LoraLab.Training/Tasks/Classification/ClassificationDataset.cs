using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Training.Data;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>A dataset of labeled texts, read by <see cref="ClassificationReader"/>.</summary>
public sealed class ClassificationDataset : Dataset
{
    /// <summary>Names of the text columns.</summary>
    public IReadOnlyList<string> Columns { get; init; } = ["sentence"];

    /// <summary>Prompt of runs that name none, as the manifest has it; null: that of the columns.</summary>
    public string? Prompt { get; init; }

    /// <inheritdoc />
    public override string DefaultPrompt => Prompt ?? PromptTemplate.DefaultOf(Columns);

    /// <summary>Label words in label order, at least two.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Training rows in file order, at least one.</summary>
    public required IReadOnlyList<LabeledRow> Train { get; init; }

    /// <summary>Evaluation rows in file order, at least one.</summary>
    public required IReadOnlyList<LabeledRow> Dev { get; init; }

    /// <summary>Rows of the selection split in file order, if it is a file of its own; null: they are held out from training.</summary>
    public IReadOnlyList<LabeledRow>? Held { get; init; }

    /// <summary>Which rows are the selection split.</summary>
    public SelectionRule SelectionRule { get; init; } = SelectionRule.Default;

    /// <summary>Where the training, evaluation and held rows were read; empty: unknown.</summary>
    public IReadOnlyList<SplitSource> Sources { get; init; } = [];

    /// <summary>Encoded rows of earlier runs.</summary>
    internal EncodingCache Encodings { get; } = new();

    /// <inheritdoc />
    public override DatasetEntry Entry => new()
    {
        Name = Name,
        Usable = true,
        Task = TaskDescriptors.Classification.Id,
        Metric = TaskDescriptors.Of(TaskDescriptors.Classification.Id, Metric).Primary.Key,
        Columns = Columns,
        Prompt = DefaultPrompt,
        Labels = Labels,
        TrainRows = Train.Count,
        EvalRows = Dev.Count,
        TrainLabels = Count(Train),
        EvalLabels = Count(Dev),
        Warnings = Warnings,
        Toy = Toy,
    };

    /// <inheritdoc />
    public override void RequireTrainable() => TrainedLabels.Require(this);

    /// <inheritdoc />
    public override IReadOnlyList<DatasetRow> Rows(bool evaluation, int offset, int limit) =>
        [.. (evaluation ? Dev : Train).Skip(offset).Take(limit).Select(row => Text(row.Row, Columns, row.Texts, Labels[row.Label]))];

    /// <inheritdoc />
    public override ClassificationRows Select(RunSpec spec, CalibrationRule? heldOut = null)
    {
        TrainingSubset<LabeledRow> subset = TrainingSubset<LabeledRow>.Select(
            Name, Train, spec, CalibrationRule.Of(spec) ?? heldOut);
        (IReadOnlyList<LabeledRow> evaluation, int source) = (spec.EvalSplit, Held) switch
        {
            (EvalSplit.Dev, _) => (Dev, 1),
            (_, null) => (SelectionSplit.Select(this, subset.Consumed, subset.Remaining), 0),
            _ => (Held, 2),
        };
        return new(spec, this, subset.Consumed, [.. evaluation.Take(spec.EvalSamples ?? int.MaxValue)])
        {
            EvaluationSource = Sources.ElementAtOrDefault(source),
            Calibration = heldOut is null ? subset.Calibration : [],
            CalibrationNote = heldOut is null ? subset.CalibrationNote : null,
        };
    }

    /// <summary>Returns the number of rows of each label.</summary>
    internal Dictionary<string, int> Count(IReadOnlyList<LabeledRow> rows)
    {
        int[] counts = new int[Labels.Count];
        foreach (LabeledRow row in rows)
        {
            counts[row.Label]++;
        }

        return Labels.Select((word, i) => (word, counts[i])).ToDictionary(pair => pair.word, pair => pair.Item2);
    }
}
