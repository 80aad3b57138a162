using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>Builds a model from named weights, without initializing anything that would then be overwritten.</summary>
public static class LlamaFactory
{
    /// <summary>
    /// Builds a model with the weights returned by <paramref name="weight"/>: (checkpoint name, expected shape) → tensor.
    /// </summary>
    /// <param name="config">Shape of the model.</param>
    /// <param name="weight">Returns a weight.</param>
    /// <param name="linear">Returns the layer for a module name, the names and shapes of its weight and of its bias if it has one; null:
    /// one with plain weights.</param>
    public static LlamaModel Build(
        LlamaConfig config,
        Func<string, long[], Tensor> weight,
        Func<string, IReadOnlyList<(string Name, long[] Shape)>, LinearLayer>? linear = null)
    {
        int width = config.HiddenSize;
        BlockDescription block = config.Block;
        Tensor embedding_VD = weight(CheckpointNames.Embedding, [config.VocabularySize, width]);
        ScalarType angles = embedding_VD.dtype == ScalarType.Float64 ? float64 : float32;
        RotaryEmbedding rotary = new(block.HeadSize, config.Rope, angles, embedding_VD.device);
        RotaryEmbedding? local =
            config.LocalRope is RopeSettings own ? new(block.HeadSize, own, angles, embedding_VD.device) : null;
        List<LlamaBlock> blocks = [];
        for (int i = 0; i < config.Layers; i++)
        {
            int layer = i;
            List<LinearLayer> linears =
                [.. block.Linears.Select(part => (linear ?? Plain)(part.ModuleName(layer), [.. part.Weights(layer)]))];
            List<RmsNorm> norms =
                [.. block.Norms.Select(norm => Norm(norm.ModuleName(layer) + CheckpointNames.WeightSuffix, norm.Width))];
            LayerAttention attention = config.Attention(layer);
            blocks.Add(new LlamaBlock(block, attention, attention.Local ? local ?? rotary : rotary, norms, linears));
        }

        RmsNorm finalNorm = Norm(CheckpointNames.FinalNorm, width);
        Tensor? head_VD = config.TiedHead ? null : weight(CheckpointNames.Head, [config.VocabularySize, width]);
        return new LlamaModel(config, embedding_VD, blocks, finalNorm, head_VD, local is null ? [rotary] : [rotary, local]);

        LinearLayer Plain(string module, IReadOnlyList<(string Name, long[] Shape)> tensors)
        {
            Tensor[] loaded = [.. tensors.Select(tensor => weight(tensor.Name, tensor.Shape))];
            return new(module, loaded[0], loaded.ElementAtOrDefault(1));
        }

        RmsNorm Norm(string name, int gains) => new(weight(name, [gains]), config.RmsNormEpsilon, block.GainOffset);
    }
}
