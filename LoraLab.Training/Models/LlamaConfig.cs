using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Families;
using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Models;

/// <summary>Shape of a Llama-architecture model, from the <c>config.json</c> of a Hugging Face folder.</summary>
public record LlamaConfig
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "config.json";

    private static readonly JsonSerializerOptions _strict = new() { AllowDuplicateProperties = false };

    /// <summary>Architecture family; only <c>llama</c> is supported.</summary>
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

    /// <summary>Base θ of the rotary frequencies.</summary>
    [JsonPropertyName("rope_theta")]
    public double RopeTheta { get; init; } = 10000;

    /// <summary>Whether the output head is tied to the embedding.</summary>
    [JsonPropertyName("tie_word_embeddings")]
    public bool TiedHead { get; init; }

    /// <summary>Activation of the MLP; only <c>silu</c> is supported.</summary>
    [JsonPropertyName("hidden_act")]
    public string? Activation { get; init; }

    /// <summary>Biases in attention; not supported.</summary>
    [JsonPropertyName("attention_bias")]
    public bool AttentionBias { get; init; }

    /// <summary>Biases in the MLP; not supported.</summary>
    [JsonPropertyName("mlp_bias")]
    public bool MlpBias { get; init; }

    /// <summary>Scaled rotary embeddings; not supported.</summary>
    [JsonPropertyName("rope_scaling")]
    public JsonElement? RopeScaling { get; init; }

    /// <summary>Key-value heads.</summary>
    [JsonIgnore]
    public int KeyValueHeads => KeyValueHeadsOrNull ?? Heads;

    /// <summary>Width of a head.</summary>
    [JsonIgnore]
    public int HeadSize => HeadSizeOrNull ?? HiddenSize / Heads;

    /// <summary>What a block consists of; all blocks are the same.</summary>
    [JsonIgnore]
    public virtual BlockDescription Block => LlamaFamily.Block(this);

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

    /// <summary>The linear layers of a block that have an adapter.</summary>
    public IEnumerable<BlockLinear> AdaptedLinears(TargetModules targets) =>
        Block.Linears.Where(linear => targets.Names is null || targets.Names.Contains(linear.Name));

    /// <summary>Reads and validates <c>config.json</c> of a model folder.</summary>
    /// <exception cref="RunFailure">The file is missing, is not JSON or describes an unsupported model.</exception>
    public static LlamaConfig Read(string modelFolder) => Read(modelFolder, out _);

    /// <summary>Reads and validates <c>config.json</c> of a model folder and returns the SHA-256 of the file.</summary>
    /// <exception cref="RunFailure">The file is missing, is not JSON or describes an unsupported model.</exception>
    public static LlamaConfig Read(string modelFolder, out string sha256) => ReadFile(Path.Combine(modelFolder, FileName), out sha256);

    /// <summary>Reads and validates a configuration file with any name.</summary>
    /// <exception cref="RunFailure">The file is missing, is not JSON or describes an unsupported model.</exception>
    public static LlamaConfig ReadFile(string path) => ReadFile(path, out _);

    private static LlamaConfig ReadFile(string path, out string sha256)
    {
        LlamaConfig config;
        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            sha256 = Sha256Hash.OfBytes(bytes);
            config = JsonSerializer.Deserialize<LlamaConfig>(bytes, _strict)
                ?? throw RunFailure.BadData($"{path} is empty.", "model");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RunFailure.BadData($"{path} cannot be read; a model folder needs a readable config.json.", "model", e);
        }
        catch (JsonException e)
        {
            throw RunFailure.BadData($"{path} is not a valid model configuration: {Excerpt.Of(e.Message)}", "model", e);
        }

        string? problem = config.Problem();
        return problem is null ? config : throw RunFailure.BadData($"{path}: {problem}", "model");
    }

    private string? Problem()
    {
        if (ModelType != "llama")
        {
            return $"model_type is '{Excerpt.Of(ModelType ?? "null")}'; only Llama-architecture models (model_type 'llama') are supported.";
        }

        if (HiddenSize < 1 || IntermediateSize < 1 || Layers < 1 || Heads < 1 || KeyValueHeads < 1 || VocabularySize < 1
            || ContextLength < 1)
        {
            return "hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads, "
                + "vocab_size and max_position_embeddings must be positive.";
        }

        if (Heads % KeyValueHeads != 0 || (HeadSizeOrNull is null && HiddenSize % Heads != 0) || HeadSize < 2 || HeadSize % 2 != 0)
        {
            return $"hidden_size {HiddenSize}, num_attention_heads {Heads} and num_key_value_heads {KeyValueHeads} do not give equal "
                + "groups of heads with an even head size.";
        }

        if (!(RmsNormEpsilon > 0 && double.IsFinite(RmsNormEpsilon) && RopeTheta > 0 && double.IsFinite(RopeTheta)))
        {
            return $"rms_norm_eps {RmsNormEpsilon} and rope_theta {RopeTheta} must be greater than 0.";
        }

        if (Activation is not (null or "silu"))
        {
            return $"hidden_act is '{Excerpt.Of(Activation)}'; only 'silu' is supported.";
        }

        if (AttentionBias || MlpBias)
        {
            return "attention_bias and mlp_bias are not supported.";
        }

        return RopeScaling is { ValueKind: not JsonValueKind.Null } ? "rope_scaling is not supported; use a model without it." : null;
    }
}
