using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Weights;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>Loads a model from a Hugging Face folder, strictly: every tensor must be there, fit, and be wanted.</summary>
public static class LlamaLoader
{
    /// <summary>The model on a device in a precision; the norms are in fp32, in float64 where that is asked for.</summary>
    /// <exception cref="RunFailure">
    /// A tensor is missing, unexpected, misshapen or truncated, or a value is not finite in this precision.
    /// </exception>
    public static LlamaModel Load(string modelFolder, LlamaConfig config, ScalarType dtype, Device device) => Load(modelFolder, config, dtype, device, out _);

    /// <summary>As the other, and tells how the weights came into memory.</summary>
    /// <exception cref="RunFailure">
    /// A tensor is missing, unexpected, misshapen or truncated, or a value is not finite in this precision.
    /// </exception>
    public static LlamaModel Load(string modelFolder, LlamaConfig config, ScalarType dtype, Device device, out LoadReport report)
    {
        using CheckpointWeights weights = CheckpointWeights.Open(modelFolder);
        return Load(weights, config, dtype, device, out report);
    }

    /// <summary>As the other, from weights that are open; they stay the caller's.</summary>
    /// <exception cref="RunFailure">
    /// A tensor is missing, unexpected, misshapen or truncated, or a value is not finite in this precision.
    /// </exception>
    public static LlamaModel Load(CheckpointWeights weights, LlamaConfig config, ScalarType dtype, Device device, out LoadReport report)
    {
        string modelFolder = weights.Folder;
        using WeightLoader loader = new(weights, device);
        HashSet<string> unused = [.. weights.Names.Where(name => !CheckpointNames.IsDerivedBuffer(name))];
        List<Tensor> loaded = [];
        try
        {
            LlamaModel model = LlamaFactory.Build(config, Read);
            RequireAllUsed();
            report = loader.Report;
            return model;
        }
        catch
        {
            loaded.ForEach(weight => weight.Dispose());
            throw;
        }

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

            // The vectors are the norms' gains, which are computed with in fp32 whatever the base's precision.
            loaded.Add(loader.Load(name, shape.Length == 1 && dtype != ScalarType.Float64 ? ScalarType.Float32 : dtype));
            return loaded[^1];
        }

        void RequireAllUsed()
        {
            if (config.TiedHead)
            {
                // Some exporters save the tied head a second time.
                unused.Remove(CheckpointNames.Head);
            }

            if (unused.Count > 0)
            {
                throw RunFailure.BadData($"Tensor '{Excerpt.Of(unused.Order(StringComparer.Ordinal).First())}' in {modelFolder} belongs to no part of a Llama model with {config.Layers} layers ({unused.Count} unexpected in all).", "model");
            }
        }
    }
}
