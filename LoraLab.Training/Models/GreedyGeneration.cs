using LoraLab.Training.Adapters;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>
/// Generates text greedily: the token with the largest logit, the first of equal ones. Every token takes a forward pass over the whole
/// text, whose length some rotary frequencies depend on.
/// </summary>
public static class GreedyGeneration
{
    /// <summary>Generates tokens until one that stops, which is included, or a number of them.</summary>
    /// <param name="model">The model with its adapters.</param>
    /// <param name="prompt">Ids of the prompt; at least one.</param>
    /// <param name="maxTokens">Maximum number of generated tokens.</param>
    /// <param name="stop">Tokens that end the text.</param>
    /// <returns>The generated ids, without the prompt.</returns>
    public static IReadOnlyList<int> Run(LlamaModel model, IReadOnlyList<int> prompt, int maxTokens, IReadOnlySet<int> stop)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(stop);
        using IDisposable inference = inference_mode();
        List<int> text = [.. prompt];
        while (text.Count < prompt.Count + maxTokens)
        {
            text.Add(Next(model, text));
            if (stop.Contains(text[^1]))
            {
                break;
            }
        }

        return text[prompt.Count..];
    }

    private static int Next(LlamaModel model, List<int> text)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor ids_BT = tensor([.. text.Select(id => (long)id)], device: model.Device).unsqueeze(0);
        Tensor last_BD = model.Hidden(ids_BT, ForwardPass.Plain).select(1, text.Count - 1);
        return (int)model.Logits(last_BD).argmax(1).item<long>();
    }
}
