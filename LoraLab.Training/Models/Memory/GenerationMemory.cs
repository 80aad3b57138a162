using LoraLab.Training.Models.Generation;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// Memory of generated texts: their keys and values, what all layers compute with, and the larger of a pass over the prompts and the logits
/// of a step.
/// </summary>
internal static class GenerationMemory
{
    private const double Single = sizeof(float);

    public static double Of(MemoryRequest request, GenerationShape shape)
    {
        LlamaConfig config = request.Config;
        int value = request.Half ? sizeof(short) : sizeof(float);
        int longest = Math.Min(config.LongestText, shape.PromptTokens + shape.NewTokens);
        int texts = (int)Math.Min(shape.Texts, TextGeneration.Rows(config, value, longest));
        double layer = 2.0 * config.Block.KeyWidth * value * texts * KeyValueCache.Capacity(shape.PromptTokens, longest);
        // While a cache grows, the smaller one of the layer still exists.
        double cache = (config.Layers * layer) + (longest > shape.PromptTokens + KeyValueCache.Spare ? layer / 2 : 0);

        double inPass = Math.Clamp(GenerationBatch.TokensPerPass(config) / shape.PromptTokens, 1, texts);
        double stream = Single * config.HiddenSize * inPass * shape.PromptTokens;
        // Scores and their softmax.
        double attention = 2 * Single * config.Block.Heads * inPass * shape.PromptTokens * shape.PromptTokens;
        double prompts = (2 * stream) + attention + (ReferenceMemory.Workspace(request) * inPass * shape.PromptTokens);
        // Logits, and on the host their copy in float64 and the weights of a draw.
        double logits = (Single + (2 * sizeof(double))) * texts * config.VocabularySize;
        return cache + ComputedMemory.Of(request).Sum(block => block.Forward + block.Window) + Math.Max(prompts, logits);
    }
}
