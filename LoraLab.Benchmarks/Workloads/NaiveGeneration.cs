using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>
/// Greedy generation without a cache: a forward pass over the whole text for every token, logits at the last position only.
/// </summary>
internal static class NaiveGeneration
{
    /// <summary>The generated ids.</summary>
    public static int[] Run(LlamaModel model, int[] prompt, int tokens)
    {
        using IDisposable inference = inference_mode();
        List<int> text = [.. prompt];
        while (text.Count < prompt.Length + tokens)
        {
            using IDisposable scope = NewDisposeScope();
            Tensor ids_BT = tensor([.. text.Select(id => (long)id)], device: model.Device).unsqueeze(0);
            Tensor last_BD = model.Hidden(ids_BT, ForwardPass.Plain).select(1, text.Count - 1);
            text.Add((int)model.Logits(last_BD).argmax(1).item<long>());
        }

        return [.. text[prompt.Length..]];
    }
}
