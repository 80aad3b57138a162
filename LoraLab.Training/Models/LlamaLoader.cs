using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch.Quantization;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>Loads a model from a Hugging Face folder strictly: no tensor may be missing, unexpected or of the wrong shape.</summary>
public static class LlamaLoader
{
    /// <summary>Loads the model in a precision on a device; norm gains are fp32, or float64 in a float64 model.</summary>
    /// <exception cref="RunFailure">
    /// A tensor is missing, unexpected, truncated or of the wrong shape, or a value is not finite in this precision.
    /// </exception>
    public static LlamaModel Load(
        string modelFolder, LlamaConfig config, ScalarType dtype, Device device, QuantizedCache? cache = null)
    {
        using CheckpointWeights weights = CheckpointWeights.Open(modelFolder);
        return Load(weights, config, dtype, device, out _, cache);
    }

    /// <summary>Loads the model and reports how the weights were loaded.</summary>
    /// <exception cref="RunFailure">
    /// A tensor is missing, unexpected, truncated or of the wrong shape, or a value is not finite in this precision.
    /// </exception>
    public static LlamaModel Load(string modelFolder, LlamaConfig config, ScalarType dtype, Device device, out LoadReport report)
    {
        using CheckpointWeights weights = CheckpointWeights.Open(modelFolder);
        return Load(weights, config, dtype, device, out report);
    }

    /// <summary>
    /// Loads the model from open weights, of which the caller keeps ownership; linear layers in the form of the configuration.
    /// </summary>
    /// <param name="weights">The weights.</param>
    /// <param name="config">Shape of the model.</param>
    /// <param name="dtype">Precision of the kernels.</param>
    /// <param name="device">Device of the model.</param>
    /// <param name="report">How the weights were loaded.</param>
    /// <param name="cache">Cache of layers that are quantized; null: none.</param>
    /// <exception cref="RunFailure">
    /// A tensor is missing, unexpected, truncated or of the wrong shape, a value is not finite in this precision, or the layers are too
    /// small for four bits.
    /// </exception>
    public static LlamaModel Load(
        CheckpointWeights weights,
        LlamaConfig config,
        ScalarType dtype,
        Device device,
        out LoadReport report,
        QuantizedCache? cache = null)
    {
        CheckpointCheck.Require(weights, config);
        using WeightLoader loader = new(weights, device);
        using DisposableList loaded = new();
        BaseLayers layers = new(weights, loader, dtype, device, config.Form, cache);
        LlamaModel model = LlamaFactory.Build(config, Read, layers.IsQuantized ? Linear : null);
        report = loader.Report;
        loaded.Keep();
        return model;

        Tensor Read(string name, long[] shape) => loaded.Add(loader.Load(name, layers.Precision(name, shape)));

        LinearLayer Linear(string module, IReadOnlyList<(string Name, long[] Shape)> tensors)
        {
            QuantizedWeight weight = loaded.Add(layers.Quantize(tensors[0].Name, tensors[0].Shape));
            Tensor? bias_O = tensors.Count > 1 ? Read(tensors[1].Name, tensors[1].Shape) : null;
            return new(module, weight, bias_O) { ReadOriginal = layers.Original(tensors[0].Name) };
        }
    }
}
