using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Files;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using TorchSharp;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>The labeled rows of a run as tokens and targets.</summary>
/// <param name="spec">Specification of the run.</param>
/// <param name="dataset">Its dataset.</param>
/// <param name="trained">Training rows in the order of every epoch, as far as they fit.</param>
/// <param name="train">The same rows as token ids.</param>
/// <param name="evaluated">Evaluation rows in order, as far as they fit; at least one.</param>
/// <param name="evaluation">The same rows as token ids.</param>
public sealed class ClassificationData(
    RunSpec spec,
    ClassificationDataset dataset,
    IReadOnlyList<LabeledRow> trained,
    TrainingExample[] train,
    IReadOnlyList<LabeledRow> evaluated,
    IReadOnlyList<EvaluationExample> evaluation) : TaskData(spec, dataset, train)
{
    /// <inheritdoc />
    public override TaskDescriptor Task => TaskDescriptors.Classification;

    /// <summary>Label words in label order.</summary>
    public IReadOnlyList<string> Labels => dataset.Labels;

    /// <summary>Evaluation rows as token ids, in order.</summary>
    public IReadOnlyList<EvaluationExample> Evaluation { get; } = evaluation;

    /// <summary>Training rows that were dropped or truncated because they are too long.</summary>
    public int LongTraining { get; init; }

    /// <summary>Evaluation rows that were dropped or truncated because they are too long.</summary>
    public int LongEvaluation { get; init; }

    /// <inheritdoc />
    public override int EvaluationCount => Evaluation.Count;

    // Of the first evaluation row; nearly always the same for all.
    private Dictionary<string, IReadOnlyList<int>> FirstLabelIds => Labels.Select((word, i) => (word, Ids: Evaluation[0].LabelIds[i]))
        .ToDictionary(label => label.word, label => (IReadOnlyList<int>)label.Ids);

    private string Prompt => Spec.Prompt ?? dataset.DefaultPrompt;

    private PromptTemplate Template => PromptTemplate.Parse(Prompt, dataset.Columns);

    private RowCounts LongRows => new(LongTraining, LongEvaluation);

    /// <inheritdoc />
    public override ClassificationEvaluation CreateEvaluation(LlamaConfig config, torch.Device device) =>
        new(Labels, Evaluation, Spec.LabelScore, config, device)
        {
            HasPositiveLabel = dataset.Metric == MetricKeys.EvalF1,
        };

    /// <inheritdoc />
    public override RunEnvironment Describe(RunEnvironment environment) => environment with
    {
        LabelPieces = FirstLabelIds.ToDictionary(label => label.Key, label => label.Value.Count),
        TrainLabels = dataset.Count(trained),
        EvalLabels = dataset.Count(evaluated),
        DroppedRows = Spec.TooLong == TooLong.Drop ? LongRows : null,
        TruncatedRows = Spec.TooLong == TooLong.Truncate ? LongRows : null,
    };

    /// <inheritdoc />
    public override IEnumerable<EvaluationRow> EvaluationRows()
    {
        PromptTemplate template = Template;
        return evaluated.Zip(Evaluation, (row, example) => new EvaluationRow
        {
            Row = row.Row,
            Columns = dataset.Columns.Zip(row.Texts).ToDictionary(column => column.First, column => column.Second),
            Label = row.Label,
            Prompt = template.EvaluationPrompt([.. row.Texts.Select(text => Spec.StripSentence ? text.TrimEnd() : text)]),
            LabelTokens = [.. example.LabelIds.Select(ids => ids.Length)],
        });
    }

    /// <inheritdoc />
    public override PromptFingerprint PromptFingerprint()
    {
        string template = Template.Text;
        using Sha256Hash hash = new();
        using Sha256Hash labels = new();
        foreach (EvaluationExample example in Evaluation)
        {
            foreach (int[] ids in example.LabelIds)
            {
                labels.Add(ids);
            }
        }

        return new()
        {
            Name = Prompt,
            Template = template,
            Sha256 = hash.Add(template).Add(Spec.StripSentence ? 1 : 0).Hex(),
            LabelIds = FirstLabelIds,
            LabelIdsSha256 = labels.Hex(),
        };
    }

    /// <inheritdoc />
    public override TrainingFingerprint TrainingFingerprint() =>
        base.TrainingFingerprint() with { Labels = dataset.Count(trained) };

    /// <inheritdoc />
    public override EvaluationFingerprint EvaluationFingerprint()
    {
        using EvaluationRowsHash hash = new();
        foreach (LabeledRow row in evaluated)
        {
            hash.Add(row.Row, row.Label, row.Texts);
        }

        return new()
        {
            Split = Spec.EvalSplit,
            Rows = evaluated.Count,
            Labels = dataset.Count(evaluated),
            Sha256 = hash.Hex(),
        };
    }

    /// <inheritdoc />
    public override IReadOnlyList<PaperFigure> PaperFigures(RunFingerprint fingerprint, bool finished) =>
        PaperProtocol.Figures(Spec, fingerprint, finished);
}
