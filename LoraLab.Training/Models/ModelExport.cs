using LoraLab.Files;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>
/// Writes a model whose weights were trained as a checkpoint. Files, names, shapes and dtypes are those of its base, so that whatever reads
/// the base reads the result; each value is rounded once to the dtype of the base.
/// </summary>
public static class ModelExport
{
    /// <summary>Writes the checkpoint, one tensor at a time; a folder of an earlier attempt is replaced.</summary>
    /// <param name="baseFolder">Base in Hugging Face format.</param>
    /// <param name="trained">The trained weights.</param>
    /// <param name="output">Folder to create. It appears once it is complete.</param>
    /// <param name="metadata">LoraLab's metadata, JSON.</param>
    /// <exception cref="RunFailure">A file of the base is missing or damaged, or a value is not finite in its dtype.</exception>
    public static void Write(string baseFolder, TrainedWeights trained, string output, string metadata)
    {
        using CheckpointWeights weights = CheckpointWeights.Open(baseFolder);
        Dictionary<string, Tensor> byStoredName =
            trained.Parameters.ToDictionary(parameter => weights.StoredName(parameter.Name), parameter => parameter.Value);
        if (!trained.Parameters.Any(parameter => parameter.Name == CheckpointNames.Head) && weights.Has(CheckpointNames.Head))
        {
            // A tied head that the base has as a tensor of its own.
            byStoredName.TryAdd(
                weights.StoredName(CheckpointNames.Head), byStoredName[weights.StoredName(CheckpointNames.Embedding)]);
        }

        using NewFolder unfinished = new(output);
        foreach (string file in weights.Files)
        {
            WriteFile(file, Path.Combine(unfinished.Path, Path.GetFileName(file)), byStoredName);
        }

        ModelFiles.CopyKept(baseFolder, unfinished.Path, path => path != PeftFiles.Metadata);
        if (weights.Index is string index)
        {
            File.Copy(index, Path.Combine(unfinished.Path, Path.GetFileName(index)));
        }

        DurableFile.WriteAllText(Path.Combine(unfinished.Path, PeftFiles.Metadata), metadata);
        if (Directory.Exists(output))
        {
            Directory.Delete(output, recursive: true);
        }

        unfinished.Publish();
    }

    private static void WriteFile(string from, string to, IReadOnlyDictionary<string, Tensor> trained)
    {
        using IDisposable noGrad = no_grad();
        using SafetensorsFile source = SafetensorsFile.Open(from);
        SafetensorsWriter.Write(
            to,
            source.Tensors.Select(stored => SafetensorsDtypes.Torch(stored.Value.Dtype) is ScalarType dtype
                ? new DeferredTensor(stored.Key, dtype, stored.Value.Shape, () =>
                    trained.TryGetValue(stored.Key, out Tensor? value) ? Rounded(stored.Key, value, dtype) : source.ToTensor(stored.Key))
                : throw RunFailure.BadData(
                    $"Tensor '{Excerpt.Of(stored.Key)}' in {from} has dtype {stored.Value.Dtype}, which cannot be written.", "model")),
            source.Metadata.Count > 0 ? source.Metadata : new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static Tensor Rounded(string name, Tensor value, ScalarType dtype)
    {
        Tensor rounded = value.detach().to(dtype);
        using Tensor finite = rounded.isfinite().all();
        return TensorReader.Doubles(finite.to(float64))[0] == 1
            ? rounded
            : throw RunFailure.BadData(
                $"The trained weight '{name}' is out of range for {dtype.ToString().ToLowerInvariant()}, the dtype of the base; use a base "
                    + "whose weights are stored in another dtype.",
                "model");
    }
}
