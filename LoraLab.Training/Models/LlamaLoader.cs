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
        CheckpointCheck.Require(weights, config);
        using WeightLoader loader = new(weights, device);
        List<Tensor> loaded = [];
        try
        {
            LlamaModel model = LlamaFactory.Build(config, Read);
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
            // Gains of norms are used in fp32 regardless of the base's precision.
            loaded.Add(loader.Load(name, CheckpointNames.IsGain(name, shape) && dtype != ScalarType.Float64 ? ScalarType.Float32 : dtype));
            return loaded[^1];
        }
    }
}
