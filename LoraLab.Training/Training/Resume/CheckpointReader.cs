using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Training.Fingerprints;
using TorchSharp;

namespace LoraLab.Training.Training.Resume;

/// <summary>An open checkpoint.</summary>
public sealed class CheckpointReader : IDisposable
{
    private readonly SafetensorsFile _tensors;
    private readonly SafetensorsFile? _frozen;

    internal CheckpointReader(TrainingState state, SafetensorsFile tensors, SafetensorsFile? frozen)
    {
        State = state;
        (_tensors, _frozen) = (tensors, frozen);
    }

    /// <summary>The state, without tensors.</summary>
    public TrainingState State { get; }

    /// <summary>Reads a tensor into a new CPU tensor.</summary>
    public torch.Tensor Tensor(string name) => (FileOf(name) ?? _tensors).ToTensor(name);

    /// <summary>Restores the adapter of a layer.</summary>
    public Adapter Rebuild(LoraMethod method, LinearLayer layer, AdapterRequest request, JsonObject options) => method.Restore(
        layer, request, options, State.ExtractedInBranch, name => FileOf(name)?.ToTensor(name));

    /// <summary>Whether a layer has an adapter.</summary>
    public bool HasAdapter(LinearLayer layer) =>
        _tensors.Tensors.Keys.Concat(_frozen?.Tensors.Keys ?? [])
            .Any(name => name.StartsWith(layer.Name + ".", StringComparison.Ordinal));

    /// <summary>Checks that the checkpoint belongs to a specification.</summary>
    /// <exception cref="RunFailure">It belongs to another one.</exception>
    public void RequireSpec(RunSpec spec, string folder)
    {
        if (!SpecHash.Matches(State.SpecSha256, spec))
        {
            throw RunFailure.BadData(
                $"The checkpoint in {folder} was saved with another specification; restore the original "
                    + "specification, or submit a new run.");
        }
    }

    /// <summary>Checks that the base weights are those of the checkpoint.</summary>
    /// <exception cref="RunFailure">The weights changed.</exception>
    public void RequireBase(ModelFingerprint model)
    {
        if (State.BaseSha256 != model.WeightsSha256)
        {
            throw RunFailure.BadData(
                $"The weights of model '{model.Name}' changed after the checkpoint was saved (SHA-256 {State.BaseSha256[..12]} then, "
                + $"{model.WeightsSha256[..12]} now); restore the old weights, or submit a new run.",
                "model");
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _tensors.Dispose();
        _frozen?.Dispose();
    }

    private SafetensorsFile? FileOf(string name) => _tensors.Tensors.ContainsKey(name) ? _tensors
        : _frozen?.Tensors.ContainsKey(name) == true ? _frozen : null;
}
