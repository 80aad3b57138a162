using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch;
using LoraLab.Training.Torch.Quantization;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>
/// Models of an exact shape with random weights, N(0, 0.02), and norm weights 1 + N(0, 0.02). Not zeros, because some hardware is faster
/// with them.
/// </summary>
internal static class RandomWeights
{
    private const double Deviation = 0.02;
    private const ulong Seed = 1;

    /// <summary>A model in memory.</summary>
    public static LlamaModel Build(LlamaConfig config, ScalarType dtype, Device device)
    {
        // On the device itself: the CPU draws a billion numbers in ten seconds.
        using Generator generator = new(Seed, device);
        return LlamaFactory.Build(config, Plain, config.Form == BaseWeights.AsStored ? null : Quantized);

        Tensor Plain(string name, long[] shape) => Weight(name, shape, dtype, device, generator);

        LinearLayer Quantized(string module, IReadOnlyList<(string Name, long[] Shape)> tensors)
        {
            using Tensor weight_OI = Plain(tensors[0].Name, tensors[0].Shape);
            Tensor? bias_O = tensors.Count > 1 ? Plain(tensors[1].Name, tensors[1].Shape) : null;
            return new(module, QuantizedWeight.Of(weight_OI, config.Form == BaseWeights.Nf4Double, dtype), bias_O);
        }
    }

    /// <summary>The configuration of the paper's model with another number of layers.</summary>
    public static LlamaConfig TinyLlama(string folder, int layers) => LlamaConfig.Read(folder) with { Layers = layers };

    private static Tensor Weight(string name, long[] shape, ScalarType dtype, Device device, Generator generator)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor values = randn(shape, dtype: float32, device: device, generator: generator).TimesInPlace(Deviation);
        // Norm weights are fp32 whatever the precision of the others, as in the loader.
        return (CheckpointNames.IsGain(name, shape) ? values.PlusInPlace(1) : values.to(dtype)).DetachFromDisposeScope();
    }
}
