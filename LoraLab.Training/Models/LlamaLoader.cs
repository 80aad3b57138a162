using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Weights;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>Loads a model from a Hugging Face folder strictly: no tensor may be missing, unexpected or of the wrong shape.</summary>
public static class LlamaLoader
{
    /// <summary>Loads the model in a precision on a device; norm gains are fp32, or float64 in a float64 model.</summary>
    /// <exception cref="RunFailure">
    /// A tensor is missing, unexpected, truncated or of the wrong shape, or a value is not finite in this precision.
    /// </exception>
    public static LlamaModel Load(string modelFolder, LlamaConfig config, ScalarType dtype, Device device) =>
        Load(modelFolder, config, dtype, device, out _);

    /// <summary>Loads the model and reports how the weights were loaded.</summary>
    /// <exception cref="RunFailure">
    /// A tensor is missing, unexpected, truncated or of the wrong shape, or a value is not finite in this precision.
    /// </exception>
    public static LlamaModel Load(string modelFolder, LlamaConfig config, ScalarType dtype, Device device, out LoadReport report)
    {
        using CheckpointWeights weights = CheckpointWeights.Open(modelFolder);
        return Load(weights, config, dtype, device, out report);
    }

    /// <summary>Loads the model from open weights, of which the caller keeps ownership.</summary>
    /// <exception cref="RunFailure">
    /// A tensor is missing, unexpected, truncated or of the wrong shape, or a value is not finite in this precision.
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
                throw RunFailure.BadData(
                    $"Tensor '{name}' in {modelFolder} has shape [{string.Join(", ", found)}], "
                        + $"but config.json requires [{string.Join(", ", shape)}].",
                    "model");
            }

            // Vectors are norm gains, which are used in fp32 regardless of the base's precision.
            loaded.Add(loader.Load(name, shape.Length == 1 && dtype != ScalarType.Float64 ? ScalarType.Float32 : dtype));
            return loaded[^1];
        }

        void RequireAllUsed()
        {
            if (config.TiedHead)
            {
                // Some exporters also save the tied head.
                unused.Remove(CheckpointNames.Head);
            }

            if (unused.Count > 0)
            {
                throw RunFailure.BadData(
                    $"Tensor '{Excerpt.Of(unused.Order(StringComparer.Ordinal).First())}' in {modelFolder} is not part of a Llama model "
                        + $"with {config.Layers} layers ({unused.Count} unexpected tensors).",
                    "model");
            }
        }
    }
}
