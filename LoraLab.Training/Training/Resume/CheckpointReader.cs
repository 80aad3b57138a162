using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using TorchSharp;

namespace LoraLab.Training.Training.Resume;

/// <summary>A checkpoint that is open for reading.</summary>
public sealed class CheckpointReader : IDisposable
{
    private readonly SafetensorsFile _tensors;

    internal CheckpointReader(TrainingState state, SafetensorsFile tensors)
    {
        State = state;
        _tensors = tensors;
    }

    /// <summary>Everything but tensors.</summary>
    public TrainingState State { get; }

    /// <summary>A new CPU tensor.</summary>
    public torch.Tensor Tensor(string name) => _tensors.ToTensor(name);

    /// <summary>The layer's adapter as it was.</summary>
    public LowRankAdapter Rebuild(LinearLayer layer, AdapterRequest request) => AdapterFactors.Rebuild(
        layer, request, State.TakenFromBranch, name => _tensors.Tensors.ContainsKey(name) ? _tensors.ToTensor(name) : null);

    /// <summary>Refuses to go on with another specification.</summary>
    /// <exception cref="RunFailure">It is another one.</exception>
    public void RequireSpec(string specSha256, string folder)
    {
        if (State.SpecSha256 != specSha256)
        {
            throw RunFailure.BadData($"The checkpoint in {folder} belongs to another specification; submit a new run, or give back the one it was started with.");
        }
    }

    /// <summary>Refuses to go on over other weights.</summary>
    /// <exception cref="RunFailure">They changed.</exception>
    public void RequireBase(ModelFingerprint model)
    {
        if (State.BaseSha256 != model.WeightsSha256)
        {
            throw RunFailure.BadData($"The weights of model '{model.Name}' changed since the checkpoint was written (sha256 {State.BaseSha256[..12]} then, {model.WeightsSha256[..12]} now): put the old ones back, or submit a new run.", "model");
        }
    }

    /// <inheritdoc />
    public void Dispose() => _tensors.Dispose();
}
