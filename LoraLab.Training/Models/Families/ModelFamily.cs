using System.Text.Json.Nodes;
using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Models.Families;

/// <summary>
/// What a family of models differs in from Llama: a description from which configuration, block, checkpoint, both executions and memory
/// follow. <c>docs/models.md</c> shows how to add one.
/// </summary>
internal sealed record ModelFamily
{
    /// <summary><c>model_type</c> in <c>config.json</c>.</summary>
    public required string ModelType { get; init; }

    /// <summary>Name for people.</summary>
    public required string Name { get; init; }

    /// <summary>Class of the language model in Hugging Face Transformers.</summary>
    public required string Architecture { get; init; }

    /// <summary>Where the family is described.</summary>
    public required string Source { get; init; }

    /// <summary>Keys of <c>config.json</c> that the family has in addition to Llama's and that are read.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>Values of absent keys where the family's class in Transformers has others than Llama's.</summary>
    public JsonObject Defaults { get; init; } = [];

    /// <summary>Names of the activation function in the configuration and what they are.</summary>
    public IReadOnlyDictionary<string, GateActivation> Activations { get; init; } =
        new Dictionary<string, GateActivation> { ["silu"] = GateActivation.Silu, ["swish"] = GateActivation.Silu };

    /// <summary>Whether the projections to queries, keys and values have a bias.</summary>
    public Func<LlamaConfig, bool> QueryKeyValueBias { get; init; } = _ => false;

    /// <summary>Whether the projection of the heads' outputs has a bias.</summary>
    public Func<LlamaConfig, bool> OutputBias { get; init; } = _ => false;

    /// <summary>Whether the layers of the MLP have a bias.</summary>
    public Func<LlamaConfig, bool> MlpBias { get; init; } = _ => false;

    /// <summary>Whether queries, keys and values are one layer, and gate and up are one.</summary>
    public bool FusedLayers { get; init; }

    /// <summary>Whether each head of queries and keys has an RMS norm.</summary>
    public bool HeadNorms { get; init; }

    /// <summary>Whether the outputs of attention and MLP have a norm too.</summary>
    public bool OutputNorms { get; init; }

    /// <summary>Number added to the gains of norms.</summary>
    public double GainOffset { get; init; }

    /// <summary>Whether embeddings are multiplied by √D.</summary>
    public bool ScaledEmbedding { get; init; }

    /// <summary>Number that replaces the head size in the scale of attention scores, 1/√x; null: none.</summary>
    public Func<LlamaConfig, double?> AttentionScalar { get; init; } = _ => null;

    /// <summary>
    /// Whether a layer sees a window of tokens only where <c>layer_types</c> does not say; the window is <c>sliding_window</c>.
    /// </summary>
    public Func<LlamaConfig, int, bool> Slides { get; init; } = (_, _) => false;

    /// <summary>
    /// Whether layers with a window have rotary frequencies of their own: <c>rope_local_base_freq</c>, or nested in <c>rope_parameters</c>.
    /// </summary>
    public bool LocalFrequencies { get; init; }

    /// <summary>The block of a configuration.</summary>
    public BlockDescription Block(LlamaConfig config)
    {
        (int width, int inner) = (config.HiddenSize, config.IntermediateSize);
        (int queries, int keys) = (config.Heads * config.HeadSize, config.KeyValueHeads * config.HeadSize);
        (bool bias, bool outputBias, bool mlpBias) = (QueryKeyValueBias(config), OutputBias(config), MlpBias(config));
        return new()
        {
            Norms =
            [
                new(NormRole.Attention, "input_layernorm", width),
                .. HeadNorms
                    ? (BlockNorm[])
                    [
                        new(NormRole.Query, "self_attn.q_norm", config.HeadSize), new(NormRole.Key, "self_attn.k_norm", config.HeadSize),
                    ]
                    : [],
                .. OutputNorms ? (BlockNorm[])[new(NormRole.AttentionOutput, "post_attention_layernorm", width)] : [],
                new(NormRole.Mlp, OutputNorms ? "pre_feedforward_layernorm" : "post_attention_layernorm", width),
                .. OutputNorms ? (BlockNorm[])[new(NormRole.MlpOutput, "post_feedforward_layernorm", width)] : [],
            ],
            Linears =
            [
                .. FusedLayers
                    ? (BlockLinear[])
                    [
                        new(LinearRole.QueryKeyValue, "self_attn.qkv_proj", LinearGroup.QueryKeyValue, queries + (2 * keys), width, bias),
                    ]
                    :
                    [
                        new(LinearRole.Query, "self_attn.q_proj", LinearGroup.QueryKeyValue, queries, width, bias),
                        new(LinearRole.Key, "self_attn.k_proj", LinearGroup.QueryKeyValue, keys, width, bias),
                        new(LinearRole.Value, "self_attn.v_proj", LinearGroup.QueryKeyValue, keys, width, bias),
                    ],
                new(LinearRole.Output, "self_attn.o_proj", LinearGroup.Output, width, queries, outputBias),
                .. FusedLayers
                    ? (BlockLinear[])[new(LinearRole.GateUp, "mlp.gate_up_proj", LinearGroup.GateUp, 2 * inner, width, mlpBias)]
                    :
                    [
                        new(LinearRole.Gate, "mlp.gate_proj", LinearGroup.GateUp, inner, width, mlpBias),
                        new(LinearRole.Up, "mlp.up_proj", LinearGroup.GateUp, inner, width, mlpBias),
                    ],
                new(LinearRole.Down, "mlp.down_proj", LinearGroup.Down, width, inner, mlpBias),
            ],
            Heads = config.Heads,
            KeyValueHeads = config.KeyValueHeads,
            HeadSize = config.HeadSize,
            Activation = config.GateActivation,
            AttentionScale = AttentionScalar(config) is double scalar ? Math.Pow(scalar, -0.5) : null,
            AttentionSoftCap = config.AttentionSoftCap,
            GainOffset = GainOffset,
        };
    }
}
