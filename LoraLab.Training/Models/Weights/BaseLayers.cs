using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Torch;
using LoraLab.Training.Torch.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Weights;

/// <summary>The form and precision in which the weights of a checkpoint are held.</summary>
internal sealed class BaseLayers
{
    private readonly CheckpointWeights _weights;
    private readonly WeightLoader _loader;
    private readonly ScalarType _dtype;
    private readonly Device _device;
    private readonly BaseWeights _form;
    private readonly QuantizedCache? _cache;
    private readonly StoredNf4? _stored;

    /// <summary>The layers of a checkpoint that was checked (<see cref="CheckpointCheck"/>).</summary>
    /// <param name="weights">The checkpoint; the caller keeps ownership, as of the loader.</param>
    /// <param name="loader">Loads plain weights.</param>
    /// <param name="dtype">Precision of the kernels.</param>
    /// <param name="device">Device of the weights.</param>
    /// <param name="form">Form of the linear layers; those stored in four bits stay as they are.</param>
    /// <param name="cache">Cache of layers that are quantized; null: none.</param>
    public BaseLayers(
        CheckpointWeights weights,
        WeightLoader loader,
        ScalarType dtype,
        Device device,
        BaseWeights form,
        QuantizedCache? cache = null)
    {
        (_weights, _loader, _dtype, _device, _form, _cache) = (weights, loader, dtype, device, form, cache);
        _stored = StoredNf4.Has(weights) ? new(weights) : null;
    }

    /// <summary>Whether the linear layers are in four bits.</summary>
    public bool IsQuantized => _stored is not null || _form != BaseWeights.AsStored;

    /// <summary>The precision of a plain weight.</summary>
    public ScalarType Precision(string name, IReadOnlyCollection<long> shape)
    {
        // Gains of norms are used in fp32 regardless of the base's precision.
        if (CheckpointNames.IsGain(name, shape) && _dtype != ScalarType.Float64)
        {
            return ScalarType.Float32;
        }

        return _dtype;
    }

    /// <summary>Loads the weight of a linear layer in four bits; the caller owns it.</summary>
    /// <exception cref="RunFailure">A value is not finite, or the layer is too small.</exception>
    public QuantizedWeight Quantize(string name, IReadOnlyList<long> shape)
    {
        if (_stored is not null)
        {
            return _stored.Load(name, _dtype, _device);
        }

        if (QuantizedWeight.Refusal(shape[0], shape[1]) is string reason)
        {
            throw RunFailure.BadData(
                $"'{Excerpt.Of(name)}' of {_weights.Folder} has shape [{shape[0]}, {shape[1]}], which {reason}; set baseWeights to "
                    + "asStored.",
                "baseWeights");
        }

        bool nested = _form == BaseWeights.Nf4Double;
        using IDisposable scope = NewDisposeScope();
        if (_cache?.Find(name, shape, nested, _dtype, _device) is QuantizedWeight cached)
        {
            return cached;
        }

        // One layer at a time: what it was quantized from is given back before the next is read.
        Tensor weight_OI = _loader.Load(name, SafetensorsDtypes.Torch(_weights.Dtype(name))!.Value);
        QuantizedWeight quantized = QuantizedWeight.Of(weight_OI, nested, _dtype);
        if (_device.type == DeviceType.CPU)
        {
            PageAdvice.ReleaseMapped(weight_OI);
        }

        _cache?.Store(name, quantized);
        weight_OI.Dispose();
        HeapPolicy.Trim();

        return quantized;
    }

    /// <summary>Reads a weight as it is before it is quantized; null: it is stored in four bits.</summary>
    public Func<Tensor>? Original(string name)
    {
        if (_stored is not null)
        {
            return null;
        }

        (string folder, Device device) = (_weights.Folder, _device);
        return () =>
        {
            // The checkpoint may have been closed since.
            using CheckpointWeights weights = CheckpointWeights.Open(folder);
            return weights.Read(name).to(ScalarType.Float32).to(device);
        };
    }
}
