using System.Text.Json.Nodes;
using LoraLab.SampleMaker.Text;
using LoraLab.Training.Models;
using static TorchSharp.torch;

namespace LoraLab.SampleMaker.Pretraining;

/// <summary>The sample model before pre-training: shape and random weights.</summary>
internal static class TinyModel
{
    /// <summary>Maximum context length in tokens.</summary>
    public const int ContextLength = 256;

    private const double Spread = 0.05;

    public static LlamaConfig Config(int vocabularySize) => new()
    {
        ModelType = "llama",
        HiddenSize = 64,
        IntermediateSize = 176,
        Layers = 4,
        Heads = 4,
        KeyValueHeadsOrNull = 2,
        VocabularySize = vocabularySize,
        ContextLength = ContextLength,
        RmsNormEpsilon = 1e-5,
        RopeTheta = 10000,
        TiedHead = true,
        Activation = "silu",
    };

    /// <summary>Returns the configuration as a Hugging Face <c>config.json</c>.</summary>
    public static JsonObject ConfigJson(LlamaConfig config) => new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["attention_bias"] = false,
        ["bos_token_id"] = 1,
        ["eos_token_id"] = 2,
        ["hidden_act"] = config.Activation,
        ["hidden_size"] = config.HiddenSize,
        ["intermediate_size"] = config.IntermediateSize,
        ["max_position_embeddings"] = config.ContextLength,
        ["model_type"] = config.ModelType,
        ["num_attention_heads"] = config.Heads,
        ["num_hidden_layers"] = config.Layers,
        ["num_key_value_heads"] = config.KeyValueHeads,
        ["rms_norm_eps"] = config.RmsNormEpsilon,
        ["rope_theta"] = config.RopeTheta,
        ["tie_word_embeddings"] = config.TiedHead,
        ["torch_dtype"] = "float32",
        ["vocab_size"] = config.VocabularySize,
    };

    /// <summary>
    /// Creates a model with normal weights from the sample's own generator, identical on every system. Layers that write to the residual
    /// stream are scaled down by √(2 · blocks), as in GPT-2. Every weight is a trainable leaf.
    /// </summary>
    public static LlamaModel Create(LlamaConfig config, ulong seed)
    {
        SeededRandom random = SeededRandom.For(seed, "weights");
        return LlamaFactory.Build(config, (name, shape) =>
        {
            bool norm = name.EndsWith("norm.weight", StringComparison.Ordinal);
            bool writes = name.Contains("o_proj", StringComparison.Ordinal) || name.Contains("down_proj", StringComparison.Ordinal);
            double spread = writes ? Spread / Math.Sqrt(2 * config.Layers) : Spread;
            float[] values = new float[shape.Aggregate(1L, (product, size) => product * size)];
            for (int index = 0; index < values.Length; index++)
            {
                values[index] = norm ? 1 : (float)(spread * Normal(random));
            }

            return tensor(values, shape).requires_grad_(true);
        });
    }

    /// <summary>Returns a standard normal value (Box-Muller).</summary>
    private static double Normal(SeededRandom random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextUnit())) * Math.Cos(2 * Math.PI * random.NextUnit());
}
