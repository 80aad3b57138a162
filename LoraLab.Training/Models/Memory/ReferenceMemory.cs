using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// Memory of the reference path (one sentence per pass under autograd), counted from what the autograd graph of <see cref="LlamaModel"/>
/// saves. It is approximate: a pass of one sentence is small compared with the weights.
/// </summary>
internal static class ReferenceMemory
{
    private const double Single = sizeof(float);

    public static TrainingMemory Of(MemoryRequest request, PassShape pass)
    {
        LlamaConfig config = request.Config;
        BlockDescription block = config.Block;
        double value = request.Half ? sizeof(short) : Single;
        (double d, double f, double a) = (config.HiddenSize, block.InnerWidth, block.QueryWidth);
        // Both inputs of the norms; queries, repeated keys and values, attention output; gate, its activation, up.
        double saved = (2 * Single * d) + (4 * value * a) + (3 * value * f);
        // The fp32 input of each branch: a separate copy if the layer computes in half precision.
        double inputs = Single * request.Adapters.Sum(adapters =>
            block.Linears.Where(linear => adapters.ContainsKey(linear.Name)).Sum(linear => (double)linear.In));
        // Autograd saves nothing of the blocks below the first adapter.
        int layers = request.TrainsWeights ? config.Layers : request.Adapters.SkipWhile(adapters => adapters.Count == 0).Count();
        // Logits, their fp32 copy, their log-softmax and two gradients.
        double head = (((4 * Single) + value) * config.VocabularySize * pass.HeadRows)
            + TrainedWeightsMemory.Gradient(request, (double)config.VocabularySize * config.HiddenSize);
        // The gradients of the rounded weights, from which those of the master weights are collected.
        double gradients = request is { TrainsWeights: true, Half: true } ? value * config.ParameterCount : 0;
        ComputedMemory[] computed = [.. ComputedMemory.Of(request)];
        return new(
            pass,
            (((layers * saved) + inputs) * pass.Rows) + computed.Sum(ofBlock => ofBlock.Reference) + gradients,
            (Workspace(request) * pass.Rows) + computed.Max(ofBlock => ofBlock.PullBack),
            head);
    }

    /// <summary>Bytes per token that a block holds: until it ends, its dispose scope keeps every intermediate result.</summary>
    public static double Workspace(MemoryRequest request)
    {
        BlockDescription block = request.Config.Block;
        double value = request.Half ? sizeof(short) : Single;
        (double d, double f, double a) = (request.Config.HiddenSize, block.InnerWidth, block.QueryWidth);
        return (Single * 12 * d) + (value * 6 * a) + (Single * 2 * f) + (value * 6 * f);
    }
}
