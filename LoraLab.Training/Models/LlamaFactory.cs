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
    public static LlamaModel Build(LlamaConfig config, Func<string, long[], Tensor> weight)
    {
        int width = config.HiddenSize;
        BlockDescription block = config.Block;
        Tensor embedding_VD = weight(CheckpointNames.Embedding, [config.VocabularySize, width]);
        RotaryEmbedding rotary = new(
            block.HeadSize,
            config.ContextLength,
            config.Rope,
            embedding_VD.dtype == ScalarType.Float64 ? float64 : float32,
            embedding_VD.device);
        List<LlamaBlock> blocks = [];
        for (int i = 0; i < config.Layers; i++)
        {
            int layer = i;
            List<LinearLayer> linears = [.. block.Linears.Select(linear =>
            {
                string name = linear.ModuleName(layer);
                return new LinearLayer(name, weight(name + CheckpointNames.WeightSuffix, [linear.Out, linear.In]));
            })];
            List<RmsNorm> norms =
                [.. block.Norms.Select(norm => Norm(norm.ModuleName(layer) + CheckpointNames.WeightSuffix, norm.Width))];
            blocks.Add(new LlamaBlock(block, rotary, norms, linears));
        }

        RmsNorm finalNorm = Norm(CheckpointNames.FinalNorm, width);
        Tensor? head_VD = config.TiedHead ? null : weight(CheckpointNames.Head, [config.VocabularySize, width]);
        return new LlamaModel(config, embedding_VD, blocks, finalNorm, head_VD, rotary);

        RmsNorm Norm(string name, int gains) => new(weight(name, [gains]), config.RmsNormEpsilon);
    }
}
