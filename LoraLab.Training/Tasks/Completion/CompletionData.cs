using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Files;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Tokenization;
using TorchSharp;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>The rows of a run as tokens and targets.</summary>
public sealed class CompletionData : TaskData
{
    private readonly CompletionDataset _dataset;
    private readonly RowLayout _layout;
    private readonly ITokenizer _tokenizer;
    private readonly IReadOnlyList<CompletionRow> _evaluated;

    /// <summary>The rows of a run.</summary>
    internal CompletionData(
        RunSpec spec,
        CompletionDataset dataset,
        RowLayout layout,
        ITokenizer tokenizer,
        TrainingExample[] train,
        IReadOnlyList<CompletionRow> evaluated,
        IReadOnlyList<CompletionExample> evaluation)
        : base(spec, dataset, train) =>
        (_dataset, _layout, _tokenizer, _evaluated, Evaluation) = (dataset, layout, tokenizer, evaluated, evaluation);

    /// <inheritdoc />
    public override TaskDescriptor Task => TaskDescriptors.Completion;

    /// <summary>Evaluation rows as token ids, in order; at least one.</summary>
    public IReadOnlyList<CompletionExample> Evaluation { get; }

    /// <summary>Rows that were dropped because they are too long.</summary>
    public required RowCounts Dropped { get; init; }

    /// <summary>Rows that were cut off because they are too long.</summary>
    public required RowCounts Cut { get; init; }

    /// <inheritdoc />
    public override int EvaluationCount => Evaluation.Count;

    /// <inheritdoc />
    public override CompletionEvaluation CreateEvaluation(LlamaConfig config, torch.Device device) =>
        new(Evaluation, Spec.GenerateSamples, AnswerSettings.Of(_tokenizer, _layout.Format, Spec.GenerateTokens), config, device);

    /// <inheritdoc />
    public override RunEnvironment Describe(RunEnvironment environment) => environment with
    {
        DroppedRows = Spec.TooLong == TooLong.Drop || Dropped != new RowCounts(0, 0) ? Dropped : null,
        TruncatedRows = Spec.TooLong == TooLong.Truncate ? Cut : null,
    };

    /// <inheritdoc />
    public override IEnumerable<EvaluationRow> EvaluationRows() => _evaluated.Zip(Evaluation, (row, example) => new EvaluationRow
    {
        Row = row.Row,
        Columns = _dataset.Columns.Names.Zip(row.Texts).ToDictionary(value => value.First, value => value.Second),
        Reference = example.Reference,
        Prompt = example.Prompt ?? "",
    });

    /// <inheritdoc />
    public override PromptFingerprint PromptFingerprint()
    {
        using Sha256Hash hash = new();
        using Sha256Hash labels = new();
        return new()
        {
            Name = _layout.Name,
            Template = _layout.Text,
            Sha256 = hash.Add(_layout.Text).Hex(),
            LabelIds = new Dictionary<string, IReadOnlyList<int>>(),
            LabelIdsSha256 = labels.Hex(),
        };
    }

    /// <inheritdoc />
    public override EvaluationFingerprint EvaluationFingerprint()
    {
        using EvaluationRowsHash hash = new();
        foreach (CompletionRow row in _evaluated)
        {
            hash.Add(row.Row, null, row.Texts);
        }

        return new()
        {
            Split = Spec.EvalSplit,
            Rows = _evaluated.Count,
            Labels = new Dictionary<string, int>(),
            Sha256 = hash.Hex(),
        };
    }
}
