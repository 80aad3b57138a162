using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Tasks;

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

    /// <summary>The dataset of the rows.</summary>
    public required Dataset Dataset { get; init; }

    /// <summary>The rows as tokens and targets.</summary>
    public required TaskData Rows { get; init; }

    /// <summary>Reads, selects and encodes the rows of a validated specification.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="models">Models by name.</param>
    /// <param name="datasets">Datasets by name.</param>
    /// <param name="trainedModel">Folder of a model that a run made of the specification's model, in its place; null: none.</param>
    /// <param name="heldOut">Rows on which the evaluated adapter was calibrated, which the selection split skips; null: none.</param>
    /// <exception cref="RunFailure">Model or data cannot be used.</exception>
    public static RunData Read(
        RunSpec spec, ModelCatalog models, DatasetCatalog datasets, string? trainedModel = null, CalibrationRule? heldOut = null)
    {
        ResolvedModel model = trainedModel is null ? models.Find(spec.Model) : ModelCatalog.OfFolder(spec.Model, trainedModel);
        model = model with { Config = model.Config.WithBase(spec.BaseWeights) };
        Dataset dataset = datasets.Read(spec.Dataset);
        SelectedRows selected = dataset.Select(dataset.Complete(spec), heldOut);
        ModelTokenizer tokenizer = models.Tokenizer(model);
        return new(model)
        {
            Dataset = dataset,
            TokenizerSha256 = tokenizer.Sha256,
            Rows = selected.Encode(tokenizer.Tokenizer, model.Config.LongestText),
        };
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_weights.IsValueCreated)
        {
            _weights.Value.Dispose();
        }
    }
}
