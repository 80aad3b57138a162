using LoraLab.Training.Adapters;

namespace LoraLab.Training.Models.Weights;

/// <summary>Names and shapes of all weights of a checkpoint, in the order of the model.</summary>
public static class CheckpointShapes
{
    /// <summary>Name in a Hugging Face checkpoint and shape of each weight.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Of(LlamaConfig config)
    {
        long width = config.HiddenSize;
        yield return (CheckpointNames.Embedding, [config.VocabularySize, width]);
        for (int i = 0; i < config.Layers; i++)
        {
            yield return (CheckpointNames.AttentionNorm(i), [width]);
            yield return (CheckpointNames.MlpNorm(i), [width]);
            foreach (LinearShape shape in config.BlockLinears)
            {
                yield return (shape.ModuleName(i) + CheckpointNames.WeightSuffix, [shape.Out, shape.In]);
            }
        }

        yield return (CheckpointNames.FinalNorm, [width]);
        if (!config.TiedHead)
        {
            yield return (CheckpointNames.Head, [config.VocabularySize, width]);
        }
    }
}
