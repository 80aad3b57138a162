using LoraLab.Contracts.Runs;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch.Quantization;

namespace LoraLab.Training.Models.Memory;

/// <summary>Memory of the frozen weights, bytes.</summary>
internal static class BaseMemory
{
    private const double Single = sizeof(float);

    /// <summary>The linear layers of the blocks.</summary>
    public static double Linears(MemoryRequest request) =>
        Sum(request.Config, linear: true, Form(request.Config) ?? Value(request));

    /// <summary>Memory for the numbers of one layer in four bits; 0: none is.</summary>
    public static double Buffer(MemoryRequest request) => request.Config.Form == BaseWeights.AsStored
        ? 0
        : DenseMemory.Bytes(request.Config.Block, request.Half, joined: request.Gpu);

    /// <summary>Embeddings, norms and head.</summary>
    public static double Others(MemoryRequest request) => Sum(request.Config, linear: false, Value(request));

    /// <summary>Bytes of a weight in four bits with its share of the block maxima; null: weights are not in four bits.</summary>
    public static double? Form(LlamaConfig config) => config.Form switch
    {
        BaseWeights.Nf4 => 0.5 + (Single / Nf4.BlockSize),
        BaseWeights.Nf4Double => 0.5 + ((1 + (Single / NestedMaxima.GroupSize)) / Nf4.BlockSize),
        _ => null,
    };

    private static double Value(MemoryRequest request) => request.Half ? sizeof(short) : Single;

    private static double Sum(LlamaConfig config, bool linear, double value) => CheckpointShapes.Of(config)
        .Where(weight => CheckpointNames.IsLinear(weight.Name, weight.Shape) == linear)
        .Sum(weight => weight.Shape.Aggregate(
            CheckpointNames.IsGain(weight.Name, weight.Shape) ? Single : value, (product, length) => product * length));
}
