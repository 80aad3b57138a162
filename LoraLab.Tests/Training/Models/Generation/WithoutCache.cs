using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Generation;

/// <summary>Greedy generation by a pass over the whole text for every token: the reference of the cache.</summary>
internal static class WithoutCache
{
    /// <summary>The generated ids.</summary>
    public static int[] Greedy(LlamaModel model, int[] prompt, int count)
    {
        List<int> ids = [.. prompt];
        for (int i = 0; i < count; i++)
        {
            double[] logits = Logits(model, ids);
            ids.Add(Array.IndexOf(logits, logits.Max()));
        }

        return [.. ids[prompt.Length..]];
    }

    /// <summary>Logits after a text.</summary>
    public static double[] Logits(LlamaModel model, IReadOnlyList<int> ids)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor ids_BT = tensor([.. ids.Select(id => (long)id)]).unsqueeze(0);
        return TensorReader.Doubles(model.Logits(model.Hidden(ids_BT, ForwardPass.Plain).select(1, ids.Count - 1)));
    }
}
