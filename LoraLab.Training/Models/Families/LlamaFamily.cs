using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Models.Families;

/// <summary>Llama (Touvron et al. 2023): RMS norms before attention and MLP, grouped-query attention, a gated MLP, no biases.</summary>
internal static class LlamaFamily
{
    /// <summary>The block of a configuration.</summary>
    public static BlockDescription Block(LlamaConfig config)
    {
        (int width, int inner) = (config.HiddenSize, config.IntermediateSize);
        (int queries, int keys) = (config.Heads * config.HeadSize, config.KeyValueHeads * config.HeadSize);
        return new()
        {
            Norms =
            [
                new(NormRole.Attention, "input_layernorm", width),
                new(NormRole.Mlp, "post_attention_layernorm", width),
            ],
            Linears =
            [
                new(LinearRole.Query, "self_attn.q_proj", LinearGroup.QueryKeyValue, queries, width),
                new(LinearRole.Key, "self_attn.k_proj", LinearGroup.QueryKeyValue, keys, width),
                new(LinearRole.Value, "self_attn.v_proj", LinearGroup.QueryKeyValue, keys, width),
                new(LinearRole.Output, "self_attn.o_proj", LinearGroup.Output, width, queries),
                new(LinearRole.Gate, "mlp.gate_proj", LinearGroup.GateUp, inner, width),
                new(LinearRole.Up, "mlp.up_proj", LinearGroup.GateUp, inner, width),
                new(LinearRole.Down, "mlp.down_proj", LinearGroup.Down, width, inner),
            ],
            Heads = config.Heads,
            KeyValueHeads = config.KeyValueHeads,
            HeadSize = config.HeadSize,
        };
    }
}
