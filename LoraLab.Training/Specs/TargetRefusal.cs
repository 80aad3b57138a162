using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Specs;

/// <summary>Why a name in <c>targetModules</c> is refused.</summary>
internal static class TargetRefusal
{
    private static readonly (string Fused, string[] Parts)[] _fused =
    [
        ("qkv_proj", ["q_proj", "k_proj", "v_proj"]),
        ("gate_up_proj", ["gate_proj", "up_proj"]),
    ];

    private static readonly string[] _embeddings = ["embed_tokens", "lm_head", "wte", "embed_out"];

    /// <summary>The predicate of a sentence about a name that is no layer of a block.</summary>
    public static string Reason(string name, BlockDescription block)
    {
        foreach ((string fused, string[] parts) in _fused)
        {
            if (parts.Contains(name) && Has(fused))
            {
                return $"is a part of {fused} in this model, which has {List(parts)} in one layer";
            }

            if (name == fused && Array.TrueForAll(parts, Has))
            {
                return $"is {List(parts)} in this model, which has them as layers of their own";
            }
        }

        return _embeddings.Contains(name)
            ? "is the embedding or the head, which stay frozen without an adapter"
            : "matches no linear layer of this model";

        bool Has(string layer) => block.Linears.Any(linear => linear.Name == layer);
    }

    private static string List(string[] names) => string.Join(", ", names[..^1]) + " and " + names[^1];
}
