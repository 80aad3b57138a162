using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Families;
using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Models;

/// <summary>Shape of a model, from the <c>config.json</c> of a Hugging Face folder.</summary>
public record LlamaConfig
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "config.json";

    /// <summary>Type of the family, one of <see cref="Families.ModelFamilies"/>.</summary>
    [JsonPropertyName("model_type")]
    public string? ModelType { get; init; }

    /// <summary>Width D.</summary>
    [JsonPropertyName("hidden_size")]
    public int HiddenSize { get; init; }

    /// <summary>Inner width of the MLP.</summary>
    [JsonPropertyName("intermediate_size")]
    public int IntermediateSize { get; init; }

    /// <summary>Number of blocks.</summary>
    [JsonPropertyName("num_hidden_layers")]
    public int Layers { get; init; }

    /// <summary>Query heads.</summary>
    [JsonPropertyName("num_attention_heads")]
    public int Heads { get; init; }

    /// <summary>Key-value heads; null: as many as query heads.</summary>
    [JsonPropertyName("num_key_value_heads")]
    public int? KeyValueHeadsOrNull { get; init; }

    /// <summary>Width of a head; null: hidden size / query heads.</summary>
    [JsonPropertyName("head_dim")]
    public int? HeadSizeOrNull { get; init; }

    /// <summary>Vocabulary size V.</summary>
    [JsonPropertyName("vocab_size")]
    public int VocabularySize { get; init; }

    /// <summary>Maximum context length, tokens.</summary>
    [JsonPropertyName("max_position_embeddings")]
    public int ContextLength { get; init; } = 2048;

    /// <summary>Epsilon of the RMS norms.</summary>
    [JsonPropertyName("rms_norm_eps")]
    public double RmsNormEpsilon { get; init; } = 1e-6;

    /// <summary>Base θ of the rotary frequencies; null: in <see cref="RopeParameters"/>, or 10,000.</summary>
    [JsonPropertyName("rope_theta")]
    public double? RopeTheta { get; init; }

    /// <summary>Whether the output head is tied to the embedding.</summary>
    [JsonPropertyName("tie_word_embeddings")]
    public bool TiedHead { get; init; }

    /// <summary>Activation of the MLP; null: the family's own.</summary>
    [JsonPropertyName("hidden_act")]
    public string? Activation { get; init; }

    /// <summary>The same in the configurations of Gemma, where it decides.</summary>
    [JsonPropertyName("hidden_activation")]
    public string? HiddenActivation { get; init; }

    /// <summary>Biases in attention, if the family can have them.</summary>
    [JsonPropertyName("attention_bias")]
    public bool AttentionBias { get; init; }

    /// <summary>Biases in the MLP, if the family can have them.</summary>
    [JsonPropertyName("mlp_bias")]
    public bool MlpBias { get; init; }

    /// <summary>Number of tokens, itself included, that a token of a layer with a window sees; null: no layer has one.</summary>
    [JsonPropertyName("sliding_window")]
    public int? SlidingWindow { get; init; }

    /// <summary>Qwen: whether there are layers with a window.</summary>
    [JsonPropertyName("use_sliding_window")]
    public bool UseSlidingWindow { get; init; }

    /// <summary>Qwen: number of lower layers without a window.</summary>
    [JsonPropertyName("max_window_layers")]
    public int MaxWindowLayers { get; init; }

    /// <summary>Gemma: every so many layers one has no window.</summary>
    [JsonPropertyName("sliding_window_pattern")]
    public int SlidingWindowPattern { get; init; } = 1;

    /// <summary>Kind of each layer; null: it follows from the keys above.</summary>
    [JsonPropertyName("layer_types")]
    public IReadOnlyList<string>? LayerTypes { get; init; }

    /// <summary>Gemma: x of the scale 1/√x of attention scores.</summary>
    [JsonPropertyName("query_pre_attn_scalar")]
    public double? QueryScalar { get; init; }

    /// <summary>c of c·tanh(s/c), which limits attention scores; null: they are not limited.</summary>
    [JsonPropertyName("attn_logit_softcapping")]
    public double? AttentionSoftCap { get; init; }

    /// <summary>The same for the logits of the head.</summary>
    [JsonPropertyName("final_logit_softcapping")]
    public double? FinalSoftCap { get; init; }

    /// <summary>Gemma: base θ in layers with a window.</summary>
    [JsonPropertyName("rope_local_base_freq")]
    public double? LocalTheta { get; init; }

    /// <summary>Type and parameters of scaled rotary frequencies in Transformers 4.</summary>
    [JsonPropertyName("rope_scaling")]
    public JsonElement? RopeScaling { get; init; }

    /// <summary>Type and parameters of the rotary frequencies in Transformers 5, with θ.</summary>
    [JsonPropertyName("rope_parameters")]
    public JsonElement? RopeParameters { get; init; }

    /// <summary>Context before it was extended by scaled rotary frequencies; null: stated with them, or not extended.</summary>
    [JsonPropertyName("original_max_position_embeddings")]
    public double? OriginalContextLength { get; init; }

    /// <summary>How the weights are quantized, which only NF4 of bitsandbytes may be.</summary>
    [JsonPropertyName("quantization_config")]
    public JsonElement? Quantization { get; init; }

    /// <summary>Whether the weights of the linear layers of the blocks are stored in four bits.</summary>
    public bool InFourBits => Quantization is { ValueKind: JsonValueKind.Object };

    /// <summary>Whether their block maxima are stored in eight bits.</summary>
    public bool NestedMaxima => InFourBits && Quantization!.Value.TryGetProperty("bnb_4bit_use_double_quant", out JsonElement nested)
        && nested.ValueKind == JsonValueKind.True;

    /// <summary>Form in which the weights of the linear layers are held.</summary>
    [JsonIgnore]
    public BaseWeights Form => !InFourBits ? Requested : NestedMaxima ? BaseWeights.Nf4Double : BaseWeights.Nf4;

    [JsonIgnore]
    private BaseWeights Requested { get; init; }

    /// <summary>Keys of the file that are not known and not about the mathematics.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> IgnoredKeys { get; init; } = [];

    /// <summary>The rotary frequencies of layers that see everything, which are those of all layers in most families.</summary>
    /// <exception cref="FormatException">They are not supported; a configuration that was read is validated.</exception>
    [JsonIgnore]
    public RopeSettings Rope => new RopeReader(this).Read();

    /// <summary>The rotary frequencies of layers with a window, where they are others; null: they are not.</summary>
    /// <exception cref="FormatException">They are not supported; a configuration that was read is validated.</exception>
    [JsonIgnore]
    public RopeSettings? LocalRope => Family.LocalFrequencies ? new RopeReader(this).ReadLocal() : null;

    /// <summary>Longest text, tokens: the context, or what <c>dynamic</c> frequencies extend it to.</summary>
    [JsonIgnore]
    public int LongestText => Rope.LongestText(ContextLength);

    /// <summary>The activation function of the gate.</summary>
    [JsonIgnore]
    internal GateActivation GateActivation => ActivationName is string name ? Family.Activations[name] : Family.Activations.Values.First();

    /// <summary>The family.</summary>
    [JsonIgnore]
    internal ModelFamily Family => ModelFamilies.Find(ModelType)
        ?? throw new InvalidOperationException($"There is no family with the model_type '{ModelType}'.");

    /// <summary>The objects in which Transformers keeps the rotary settings, null where the file has none.</summary>
    internal (JsonElement? Scaling, JsonElement? Parameters) RopeObjects => (NotNull(RopeScaling), NotNull(RopeParameters));

    /// <summary>Name of the activation function in the configuration; null: it has none.</summary>
    internal string? ActivationName => Family.Activations.Values.First() == GateActivation.Silu ? Activation : HiddenActivation;

    /// <summary>Key-value heads.</summary>
    [JsonIgnore]
    public int KeyValueHeads => KeyValueHeadsOrNull ?? Heads;

    /// <summary>Width of a head.</summary>
    [JsonIgnore]
    public int HeadSize => HeadSizeOrNull ?? HiddenSize / Heads;

    /// <summary>What a block consists of; blocks differ only in <see cref="Attention"/>.</summary>
    [JsonIgnore]
    public virtual BlockDescription Block => Family.Block(this);

    /// <summary>Factor of the embeddings; null: 1.</summary>
    [JsonIgnore]
    public double? EmbeddingScale => Family.ScaledEmbedding ? Math.Sqrt(HiddenSize) : null;

    /// <summary>Number of parameters: embedding, blocks, norms and an untied head.</summary>
    [JsonIgnore]
    public long ParameterCount =>
        CheckpointShapes.Of(this).Sum(weight => weight.Shape.Aggregate(1L, (product, length) => product * length));

    /// <summary>
    /// Estimated number of activation values of one block per token: about 14 tensors of the hidden size and 5 of the MLP's inner width.
    /// Used to choose the size of evaluation passes.
    /// </summary>
    [JsonIgnore]
    public int ActivationsPerToken => (14 * HiddenSize) + (5 * IntermediateSize);

    /// <summary>The model with its linear layers in a form; those stored in four bits stay as they are.</summary>
    public LlamaConfig WithBase(BaseWeights form) => form == Requested ? this : this with { Requested = form };

    /// <summary>The tokens that a layer sees and how it rotates.</summary>
    public LayerAttention Attention(int layer) =>
        Slides(layer) ? new(SlidingWindow, Family.LocalFrequencies) : new(Window: null, Local: false);

    /// <summary>The linear layers of a block that have an adapter.</summary>
    public IEnumerable<BlockLinear> AdaptedLinears(TargetModules targets) =>
        Block.Linears.Where(linear => targets.Names is null || targets.Names.Contains(linear.Name));

    /// <summary>Reads and validates <c>config.json</c> of a model folder.</summary>
    /// <exception cref="RunFailure">The file is missing, is not JSON or describes an unsupported model.</exception>
    public static LlamaConfig Read(string modelFolder) => Read(modelFolder, out _);

    /// <summary>Reads and validates <c>config.json</c> of a model folder and returns the SHA-256 of the file.</summary>
    /// <exception cref="RunFailure">The file is missing, is not JSON or describes an unsupported model.</exception>
    public static LlamaConfig Read(string modelFolder, out string sha256) =>
        ConfigReader.Read(Path.Combine(modelFolder, FileName), out sha256);

    /// <summary>Reads and validates a configuration file with any name.</summary>
    /// <exception cref="RunFailure">The file is missing, is not JSON or describes an unsupported model.</exception>
    public static LlamaConfig ReadFile(string path) => ConfigReader.Read(path, out _);

    private static JsonElement? NotNull(JsonElement? value) => value is { ValueKind: not JsonValueKind.Null } ? value : null;

    private bool Slides(int layer) => SlidingWindow is not null
        && (LayerTypes is null ? Family.Slides(this, layer) : LayerTypes[layer] == LayerAttention.Sliding);
}
