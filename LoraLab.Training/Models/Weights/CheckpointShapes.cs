using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Models.Weights;

/// <summary>Names and shapes of all weights of a checkpoint, in the order of the model.</summary>
public static class CheckpointShapes
{
    /// <summary>Name in a Hugging Face checkpoint and shape of each weight.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Of(LlamaConfig config)
    {
        long width = config.HiddenSize;
        BlockDescription block = config.Block;
        yield return (CheckpointNames.Embedding, [config.VocabularySize, width]);
        for (int i = 0; i < config.Layers; i++)
        {
            foreach ((string, long[]) weight in block.Weights(i))
            {
                yield return weight;
            }
        }

        yield return (CheckpointNames.FinalNorm, [width]);
        if (!config.TiedHead)
        {
            yield return (CheckpointNames.Head, [config.VocabularySize, width]);
        }
    }
}
