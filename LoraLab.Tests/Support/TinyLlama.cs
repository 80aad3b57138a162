using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Tests.Support;

/// <summary>A random Llama in memory: two layers, hidden size 64, four query heads and one key-value head.</summary>
internal static class TinyLlama
{
    /// <summary>Shape of the model; all widths differ, so that a transposed factor cannot fit by chance.</summary>
    public static LlamaConfig Config { get; } = new()
    {
        ModelType = "llama",
        HiddenSize = 64,
        IntermediateSize = 96,
        Layers = 2,
        Heads = 4,
        KeyValueHeadsOrNull = 1,
        VocabularySize = 53,
        ContextLength = 48,
        RmsNormEpsilon = 1e-5,
    };

    /// <summary>Builds the model with random weights from a seed; in float64 it has the values of the fp32 model.</summary>
    public static LlamaModel Build(
        int seed = 1, ScalarType dtype = ScalarType.Float32, Device? device = null, LlamaConfig? config = null) =>
        LlamaFactory.Build(config ?? Config, (name, shape) => Weight(seed, name, shape, dtype).to(device ?? CPU));

    /// <summary>A model of any shape with expanded zeros as weights, which take no memory.</summary>
    public static LlamaModel Zeros(LlamaConfig config) => LlamaFactory.Build(config, (_, shape) => zeros(1).expand(shape));

    /// <summary>Logits of every position, [B·T, V].</summary>
    public static Tensor Logits(LlamaModel model, Tensor ids_BT)
    {
        Tensor hidden_BTD = model.Hidden(ids_BT, ForwardPass.Plain);
        return model.Logits(hidden_BTD.reshape(-1, hidden_BTD.shape[2]));
    }

    /// <summary>Random ids, BOS first, [B, T].</summary>
    public static Tensor Ids(int seed, int batch, int length)
    {
        Random random = new(seed);
        long[] ids = new long[batch * length];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = i % length == 0 ? 1 : random.Next(3, Config.VocabularySize);
        }

        return tensor(ids).reshape(batch, length);
    }

    // Scaled like the weights of a trained model, so that activations neither vanish nor explode. Gains are about 1 and biases about 0:
    // with biases of 1, queries and keys of wide heads would all be alike and their scores large.
    private static Tensor Weight(int seed, string name, long[] shape, ScalarType dtype)
    {
        using IDisposable scope = NewDisposeScope();
        using Generator generator = new((ulong)name.Aggregate(seed, (sum, c) => unchecked((sum * 31) + c) & int.MaxValue), CPU);
        Tensor values = randn(shape, dtype: float32, generator: generator);
        values = values.Times(shape.Length > 1 ? 1 / Math.Sqrt(shape[^1]) : 0.1);
        values = shape.Length > 1 || name.EndsWith(".bias", StringComparison.Ordinal) ? values : values.Plus(1);
        return values.to(dtype).DetachFromDisposeScope();
    }
}
