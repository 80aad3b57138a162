using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Keys;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Families;
using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Models;

/// <summary>Shape of a Llama-architecture model, from the <c>config.json</c> of a Hugging Face folder.</summary>
public record LlamaConfig
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "config.json";

    private static readonly JsonSerializerOptions _options = new()
    {
        AllowDuplicateProperties = false,
        Converters = { new WholeNumberConverter() },
    };

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

    /// <summary>Base θ of the rotary frequencies; null: in <see cref="RopeParameters"/>, or 10,000.</summary>
    [JsonPropertyName("rope_theta")]
    public double? RopeTheta { get; init; }

    /// <summary>Whether the output head is tied to the embedding.</summary>
    [JsonPropertyName("tie_word_embeddings")]
    public bool TiedHead { get; init; }

    /// <summary>Activation of the MLP; only <c>silu</c>, also called <c>swish</c>, is supported.</summary>
    [JsonPropertyName("hidden_act")]
    public string? Activation { get; init; }

    /// <summary>Biases in attention; not supported.</summary>
    [JsonPropertyName("attention_bias")]
    public bool AttentionBias { get; init; }

    /// <summary>Biases in the MLP; not supported.</summary>
    [JsonPropertyName("mlp_bias")]
    public bool MlpBias { get; init; }

    /// <summary>Type and parameters of scaled rotary frequencies in Transformers 4.</summary>
    [JsonPropertyName("rope_scaling")]
    public JsonElement? RopeScaling { get; init; }

    /// <summary>Type and parameters of the rotary frequencies in Transformers 5, with θ.</summary>
    [JsonPropertyName("rope_parameters")]
    public JsonElement? RopeParameters { get; init; }

    /// <summary>Context before it was extended by scaled rotary frequencies; null: stated with them, or not extended.</summary>
    [JsonPropertyName("original_max_position_embeddings")]
    public double? OriginalContextLength { get; init; }

    /// <summary>Keys of the file that are not known and not about the mathematics.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> IgnoredKeys { get; init; } = [];

    /// <summary>The rotary frequencies.</summary>
    /// <exception cref="FormatException">They are not supported; a configuration that was read is validated.</exception>
    [JsonIgnore]
    public RopeSettings Rope => new RopeReader(ContextLength, OriginalContextLength).Read(
        RopeTheta, NotNull(RopeScaling), NotNull(RopeParameters));

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
        try
        {
            ReadOnlyMemory<byte> text = JsonFile.Read(path, out byte[] bytes);
            sha256 = Sha256Hash.OfBytes(bytes);
            using JsonDocument document = JsonDocument.Parse(text, JsonFile.Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw RunFailure.BadData(
                    $"{path} is {(document.RootElement.ValueKind == JsonValueKind.Null ? "empty" : "not a JSON object")}; "
                        + "download the model again.",
                    "model");
            }

            LlamaConfig config = JsonFile.WithoutNulls(document.RootElement).Deserialize<LlamaConfig>(_options)!;
            string? problem = config.Family();
            KeyReport keys = problem is null ? LlamaConfigKeys.Of(config.ContextLength).Check(document.RootElement) : new(null, []);
            problem ??= keys.Problem is null ? config.Problem() : null;
            return problem is not null ? throw RunFailure.BadData($"{path}: {problem}", "model")
                : keys.Problem is not null ? throw RunFailure.BadData($"{path} {keys.Problem}.", "model")
                : config with { IgnoredKeys = keys.Ignored };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string problem = File.Exists(PhysicalPath.Of(path)) ? "cannot be read; a model folder needs a readable config.json"
                : "is a link to a file that does not exist; download the model again";
            throw RunFailure.BadData($"{path} {problem}.", "model", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw RunFailure.BadData($"{path} is not a valid model configuration: {Excerpt.Of(JsonText.Problem(e))}", "model", e);
        }
    }

    private static JsonElement? NotNull(JsonElement? value) => value is { ValueKind: not JsonValueKind.Null } ? value : null;

    private string? Family() => ModelType == "llama" ? null
        : $"model_type is '{Excerpt.Of(ModelType ?? "null")}'; only Llama-architecture models (model_type 'llama') are supported.";

    private string? Problem()
    {
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

        if (!(RmsNormEpsilon > 0 && double.IsFinite(RmsNormEpsilon)))
        {
            return $"rms_norm_eps is {RmsNormEpsilon}; it must be greater than 0.";
        }

        if (Activation is not (null or "silu" or "swish"))
        {
            return $"hidden_act is '{Excerpt.Of(Activation)}'; only 'silu' is supported.";
        }

        if (AttentionBias || MlpBias)
        {
            return "attention_bias and mlp_bias are not supported.";
        }

        try
        {
            _ = Rope;
            return null;
        }
        catch (FormatException problem)
        {
            return problem.Message;
        }
    }
}
