using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Specs;

namespace LoraLab.Training.Cli.Predict;

/// <summary>What a run stored about itself, which predictions need; its dataset may be gone.</summary>
/// <param name="Id">Id of the run.</param>
/// <param name="Folder">Folder of the adapter, or of the model that it trained.</param>
/// <param name="Spec">Specification as used.</param>
/// <param name="Fingerprint">Fingerprint.</param>
internal sealed record PredictedRun(string Id, string Folder, RunSpec Spec, RunFingerprint Fingerprint)
{
    /// <summary>The model that the run trained as a whole; null: it trained an adapter.</summary>
    public ResolvedModel? TrainedModel { get; private init; }

    /// <summary>The labels in label order; empty: the run does not classify.</summary>
    public IReadOnlyList<string> Labels => [.. Fingerprint.Prompt.LabelIds.Keys];

    /// <summary>Whether inputs become the same prompts as those of another run, with the same labels scored alike.</summary>
    public bool AsksLike(PredictedRun other) => Fingerprint.Prompt.Sha256 == other.Fingerprint.Prompt.Sha256
        && Labels.SequenceEqual(other.Labels)
        && (Spec.LabelScore, Spec.ChatTemplate, Spec.Prompt is null, Spec.GenerateTokens)
            == (other.Spec.LabelScore, other.Spec.ChatTemplate, other.Spec.Prompt is null, other.Spec.GenerateTokens);

    /// <summary>Reads it.</summary>
    /// <exception cref="PredictRefusal">The run has no adapter, or files of it are missing.</exception>
    public static PredictedRun Read(TrainerServices services, string id)
    {
        string? model = services.Adapters.FindModel(id);
        string folder;
        try
        {
            folder = model ?? services.Adapters.Find(id);
        }
        catch (RunFailure failure)
        {
            throw PredictRefusal.OfRun($"Run {id} has no adapter; it is saved at the end of the run.", failure);
        }

        return AdapterOrigin.Spec(folder) is { } spec && AdapterOrigin.Fingerprint(folder) is { } fingerprint
            ? new(id, folder, spec, fingerprint) { TrainedModel = model is null ? null : ModelCatalog.OfFolder(spec.Model, model) }
            : throw PredictRefusal.OfRun($"Run {id} has no specification or no fingerprint beside its adapter, so its prompt is unknown.");
    }
}
