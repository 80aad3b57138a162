using System.Text.Json.Nodes;

namespace LoraLab.Training.Models;

/// <summary>Model configurations that <c>make-model</c> knows by name.</summary>
public static class NamedShapes
{
    private const string TinyLlama = """
        {
          "architectures": ["LlamaForCausalLM"],
          "model_type": "llama",
          "hidden_act": "silu",
          "hidden_size": 2048,
          "intermediate_size": 5632,
          "num_hidden_layers": 22,
          "num_attention_heads": 32,
          "num_key_value_heads": 4,
          "vocab_size": 32000,
          "max_position_embeddings": 2048,
          "rms_norm_eps": 1e-05,
          "rope_theta": 10000.0,
          "tie_word_embeddings": false,
          "bos_token_id": 1,
          "eos_token_id": 2
        }
        """;

    /// <summary>The names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["tinyllama"];

    /// <summary>The <c>config.json</c> of a name, or null.</summary>
    public static JsonObject? Find(string name) => name == Names[0] ? JsonNode.Parse(TinyLlama)!.AsObject() : null;
}
