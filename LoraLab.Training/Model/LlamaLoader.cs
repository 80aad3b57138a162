using LoraLab.Training.Checkpoints;
using LoraLab.Training.Errors;
using static TorchSharp.torch;

namespace LoraLab.Training.Model;

/// <summary>Loads a model from a Hugging Face folder, strictly: every tensor must be there, fit, and be wanted.</summary>
public static class LlamaLoader
{
    /// <summary>The model on a device in a precision.</summary>
    /// <exception cref="RunFailure">A tensor is missing, unexpected, misshapen or truncated.</exception>
    public static LlamaModel Load(string modelFolder, LlamaConfig config, ScalarType dtype, Device device)
    {
        using CheckpointWeights weights = CheckpointWeights.Open(modelFolder);
        HashSet<string> unused = [.. weights.Names.Where(name => !CheckpointNames.IsDerivedBuffer(name))];
        LlamaModel model = LlamaFactory.Build(config, Read);
        if (config.TiedHead)
        {
            // Some exporters save the tied head a second time.
            unused.Remove(CheckpointNames.Head);
        }

        if (unused.Count > 0)
        {
            model.Dispose();
            throw RunFailure.BadData($"Tensor '{Excerpt.Of(unused.Order(StringComparer.Ordinal).First())}' in {modelFolder} belongs to no part of a Llama model with {config.Layers} layers ({unused.Count} unexpected in all).", "model");
        }

        return model;

        Tensor Read(string name, long[] shape)
        {
            if (!unused.Remove(name))
            {
                throw RunFailure.BadData($"Tensor '{name}' is missing from the weights in {modelFolder}.", "model");
            }

            IReadOnlyList<long> found = weights.Shape(name);
            if (!found.SequenceEqual(shape))
            {
                throw RunFailure.BadData($"Tensor '{name}' in {modelFolder} has shape [{string.Join(", ", found)}]; config.json asks for [{string.Join(", ", shape)}].", "model");
            }

            using Tensor stored = weights.Read(name);
            // A copy even where nothing changes: the file's mapping ends with this method.
            Tensor converted = stored.to(dtype, device, copy: true);
            RequireRange(converted, stored.dtype, name);
            return converted;
        }

        // What is stored is finite; a narrower range can make infinity of it.
        void RequireRange(Tensor converted, ScalarType stored, string name)
        {
            bool narrower = (dtype == ScalarType.Float16 && stored != ScalarType.Float16) || (stored == ScalarType.Float64 && dtype != ScalarType.Float64);
            if (!narrower)
            {
                return;
            }

            using IDisposable scope = NewDisposeScope();
            if (!converted.isfinite().all().item<bool>())
            {
                throw RunFailure.BadData($"Tensor '{name}' in {modelFolder} has values beyond the range of {dtype.ToString().ToLowerInvariant()}; set precision to fp32.", "model");
            }
        }
    }
}
