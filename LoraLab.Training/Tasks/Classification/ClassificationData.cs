using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Files;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using TorchSharp;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>The labeled sentences of a run as tokens and targets.</summary>
/// <param name="spec">Specification of the run.</param>
/// <param name="dataset">Its dataset.</param>
/// <param name="rows">Its rows.</param>
/// <param name="train">Training rows as token ids, in the order of every epoch.</param>
/// <param name="evaluation">Evaluation rows as token ids, in order, at least one.</param>
public sealed class ClassificationData(
    RunSpec spec,
    ClassificationDataset dataset,
    ClassificationRows rows,
    TrainingExample[] train,
    IReadOnlyList<EvaluationExample> evaluation) : TaskData(spec, dataset, train)
{
    /// <inheritdoc />
    public override TaskDescriptor Task => TaskDescriptors.Classification;

    /// <summary>Label words in label order.</summary>
    public IReadOnlyList<string> Labels => dataset.Labels;

    /// <summary>Evaluation rows as token ids, in order.</summary>
    public IReadOnlyList<EvaluationExample> Evaluation { get; } = evaluation;

    // Of the first evaluation row; nearly always the same for all.
    private Dictionary<string, IReadOnlyList<int>> FirstLabelIds => Labels.Select((word, i) => (word, Ids: Evaluation[0].LabelIds[i]))
        .ToDictionary(label => label.word, label => (IReadOnlyList<int>)label.Ids);

    /// <inheritdoc />
    public override ClassificationEvaluation CreateEvaluation(LlamaConfig config, torch.Device device) =>
        new(Labels, Evaluation, config, device);

    /// <inheritdoc />
    public override RunEnvironment Describe(RunEnvironment environment) => environment with
    {
        LabelPieces = FirstLabelIds.ToDictionary(label => label.Key, label => label.Value.Count),
        TrainLabels = dataset.Count(rows.Consumed),
        EvalLabels = dataset.Count(rows.Evaluation),
    };

    /// <inheritdoc />
    public override PromptFingerprint PromptFingerprint()
    {
        string template = PromptTemplate.Parse(Spec.Prompt).Text;
        using Sha256Hash prompt = new();
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
            Name = Spec.Prompt,
            Template = template,
            Sha256 = prompt.Add(template).Add(Spec.StripSentence ? 1 : 0).Hex(),
            LabelIds = FirstLabelIds,
            LabelIdsSha256 = labels.Hex(),
        };
    }

    /// <inheritdoc />
    public override TrainingFingerprint TrainingFingerprint() =>
        base.TrainingFingerprint() with { Labels = dataset.Count(rows.Consumed) };

    /// <inheritdoc />
    public override EvaluationFingerprint EvaluationFingerprint()
    {
        using Sha256Hash hash = new();
        foreach (LabeledSentence row in rows.Evaluation)
        {
            hash.Add(row.Row, row.Label).Add(row.Sentence);
        }

        return new()
        {
            Split = Spec.EvalSplit,
            Rows = rows.Evaluation.Count,
            Labels = dataset.Count(rows.Evaluation),
            Sha256 = hash.Hex(),
        };
    }

    /// <inheritdoc />
    public override IReadOnlyList<PaperFigure> PaperFigures(RunFingerprint fingerprint, bool finished) =>
        PaperProtocol.Figures(Spec, fingerprint, finished);
}
