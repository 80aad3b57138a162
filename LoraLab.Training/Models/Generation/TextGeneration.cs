using static TorchSharp.torch;

namespace LoraLab.Training.Models.Generation;

/// <summary>Continues prompts with a model and its adapters, in whatever state they are.</summary>
public static class TextGeneration
{
    private const int MaxRows = 32;
    private const long CacheBytes = 256 << 20;

    /// <summary>
    /// Generates a text after each prompt. Prompts are processed together, those of similar length in the same passes; none affects the
    /// text of another.
    /// </summary>
    /// <param name="model">The model with its adapters.</param>
    /// <param name="prompts">Ids of each prompt; at least one each.</param>
    /// <param name="settings">How tokens are chosen and where a text ends.</param>
    /// <param name="cancellation">Polled between layers.</param>
    /// <returns>What was generated, in the order of the prompts.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<GeneratedText> Run(
        LlamaModel model, IReadOnlyList<int[]> prompts, GenerationSettings settings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Check();
        using IDisposable inference = inference_mode();
        using IDisposable held = model.Hold();
        PromptState[] states = [.. prompts.Select((prompt, i) => new PromptState(settings.FirstIndex + i, prompt, settings))];
        PromptState[] unfinished = [.. states.Where(state => state.Continues(model.Config.LongestText)).OrderBy(state => state.Text.Count)];
        for (int first = 0; first < unfinished.Length;)
        {
            int count = 1;
            while (first + count < unfinished.Length
                && count < Rows(model.Config, model.Embedding_VD.element_size(), unfinished[first + count].Text.Count + settings.MaxTokens))
            {
                count++;
            }

            using GenerationBatch batch = new(model, unfinished.Skip(first).Take(count), settings, cancellation);
            batch.Run();
            first += count;
        }

        return [.. states.Select(state => state.Result())];
    }

    /// <summary>Number of texts of a length whose keys and values fit into the bytes of a cache.</summary>
    /// <param name="config">Shape of the model.</param>
    /// <param name="valueBytes">Bytes of a value of the cache.</param>
    /// <param name="length">Tokens of the longest text at its end.</param>
    internal static long Rows(LlamaConfig config, long valueBytes, long length)
    {
        long token = 2L * config.Layers * config.Block.KeyWidth * valueBytes;
        return Math.Clamp(CacheBytes / (token * Math.Min(length, config.LongestText)), 1, MaxRows);
    }
}
