using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Training;

/// <summary>The data of a run as token ids, and its model before the weights are loaded.</summary>
public sealed class RunData : IDisposable
{
    private readonly Lazy<CheckpointWeights> _weights;

    private RunData(ResolvedModel model) => (Model, _weights) = (model, new(() => CheckpointWeights.Open(model.Folder)));

    /// <summary>The model.</summary>
    public ResolvedModel Model { get; }

    /// <summary>Shape of the model.</summary>
    public LlamaConfig Config => Model.Config;

    /// <summary>SHA-256 of the bytes from which the tokenizer was read.</summary>
    public required string TokenizerSha256 { get; init; }

    /// <summary>The weights, opened on first use and closed with this object.</summary>
    /// <exception cref="RunFailure">A file, shard or tensor is missing or inconsistent.</exception>
    public CheckpointWeights Weights => _weights.Value;

    /// <summary>The dataset.</summary>
    public required ClassificationDataset Data { get; init; }

    /// <summary>The rows selected from it.</summary>
    public required TrainingSubset Subset { get; init; }

    /// <summary>Training texts in the order of every epoch.</summary>
    public required TrainingExample[] Train { get; init; }

    /// <summary>Evaluation rows, in order.</summary>
    public required IReadOnlyList<EvaluationExample> Evaluation { get; init; }

    /// <summary>Tokens of the longest training text.</summary>
    public int LongestText => Train.Max(example => example.Ids.Length);

    /// <summary>Reads, selects and encodes the rows of a validated specification.</summary>
    /// <exception cref="RunFailure">Model or data cannot be used.</exception>
    public static RunData Read(RunSpec spec, ModelCatalog models, DatasetCatalog datasets)
    {
        ResolvedModel model = models.Find(spec.Model);
        ClassificationDataset data = datasets.Read(spec.Dataset);
        TrainingSubset subset = TrainingSubset.Select(data, spec);
        ITokenizer tokenizer = LlamaTokenizerFile.Load(model.Folder, out string tokenizerSha256);
        RequireVocabulary(tokenizer, model.Config, spec.Model);
        ExampleEncoder encoder = new(tokenizer, PromptTemplate.Parse(spec.Prompt), data.Labels, spec.LossScope, spec.StripSentence);
        TrainingExample[] train = [.. subset.Consumed.Select(encoder.EncodeTraining)];
        List<EvaluationExample> evaluation = [.. subset.Evaluation.Select(encoder.EncodeEvaluation)];
        RequireContext(train, evaluation, model.Config);
        return new(model) { TokenizerSha256 = tokenizerSha256, Data = data, Subset = subset, Train = train, Evaluation = evaluation };
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_weights.IsValueCreated)
        {
            _weights.Value.Dispose();
        }
    }

    private static void RequireVocabulary(ITokenizer tokenizer, LlamaConfig config, string model)
    {
        if (tokenizer.VocabularySize > config.VocabularySize)
        {
            throw RunFailure.BadData(
                $"The tokenizer of {model} has {tokenizer.VocabularySize} tokens, but vocab_size in "
                    + $"config.json is {config.VocabularySize}; "
                + "use the tokenizer that belongs to the model.",
                "model");
        }
    }

    private static void RequireContext(TrainingExample[] train, List<EvaluationExample> evaluation, LlamaConfig config)
    {
        TrainingExample longest = train.MaxBy(example => example.Ids.Length)!;
        EvaluationExample longestPrompt = evaluation.MaxBy(example => example.PromptIds.Length + example.LabelIds.Max(ids => ids.Length))!;
        int prompt = longestPrompt.PromptIds.Length + longestPrompt.LabelIds.Max(ids => ids.Length);
        if (longest.Ids.Length > config.ContextLength || prompt > config.ContextLength)
        {
            (string file, int row, int length) = longest.Ids.Length > config.ContextLength
                ? ("training", longest.Row, longest.Ids.Length)
                : ("evaluation", longestPrompt.Row, prompt);
            throw RunFailure.BadData(
                $"Row {row} of the {file} data has {length} tokens with its prompt, more than the model's context of "
                    + $"{config.ContextLength}; shorten or remove it.",
                "dataset");
        }
    }
}
