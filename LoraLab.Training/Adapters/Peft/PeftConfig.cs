using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>The fields of <c>adapter_config.json</c> that are used, and those that must be rejected rather than ignored.</summary>
public sealed record PeftConfig
{
    /// <summary>Initializations that change the base weights, so that A and B alone do not fit the original base.</summary>
    private static readonly string[] _baseChangingInitializations = ["pissa", "olora", "corda", "loftq", "lora_ga", "mica"];

    /// <summary>Type of the adapter.</summary>
    [JsonPropertyName("peft_type")]
    public string? Type { get; init; }

    /// <summary>Name of the model that it was trained on.</summary>
    [JsonPropertyName("base_model_name_or_path")]
    public string? BaseModel { get; init; }

    /// <summary>Rank.</summary>
    [JsonPropertyName("r")]
    public int Rank { get; init; }

    /// <summary>Alpha.</summary>
    [JsonPropertyName("lora_alpha")]
    public double Alpha { get; init; }

    /// <summary>Whether the scaling is α/√r.</summary>
    [JsonPropertyName("use_rslora")]
    public bool RankStabilized { get; init; }

    /// <summary>Names of the adapted layers.</summary>
    [JsonPropertyName("target_modules")]
    public TargetModules? Targets { get; init; }

    /// <summary>Whether it is a weight-decomposed adapter (DoRA).</summary>
    [JsonPropertyName("use_dora")]
    public bool UseDora { get; init; }

    /// <summary>Whether base weights are stored as [in, out].</summary>
    [JsonPropertyName("fan_in_fan_out")]
    public bool FanInFanOut { get; init; }

    /// <summary>Which biases were trained.</summary>
    [JsonPropertyName("bias")]
    public string? Bias { get; init; }

    /// <summary>Ranks that differ by layer.</summary>
    [JsonPropertyName("rank_pattern")]
    public IReadOnlyDictionary<string, double>? RankPattern { get; init; }

    /// <summary>Alphas that differ by layer.</summary>
    [JsonPropertyName("alpha_pattern")]
    public IReadOnlyDictionary<string, double>? AlphaPattern { get; init; }

    /// <summary>Modules that were trained in full.</summary>
    [JsonPropertyName("modules_to_save")]
    public IReadOnlyList<string>? ModulesToSave { get; init; }

    /// <summary>True, false or the name of an initialization.</summary>
    [JsonPropertyName("init_lora_weights")]
    public JsonElement InitLoraWeights { get; init; }

    /// <summary>s.</summary>
    [JsonIgnore]
    public double Scaling => AdapterScaling.Of(Alpha, Rank, RankStabilized);

    /// <summary>Why ΔW is not s·B·A on the original base, as the predicate of a sentence; null if it is.</summary>
    public string? Problem()
    {
        if (Type != "LORA" || Rank <= 0)
        {
            return $"is not a LoRA adapter (peft_type '{Excerpt.Of(Type ?? "null")}', r {Rank})";
        }

        if (!double.IsFinite(Alpha) || Alpha <= 0)
        {
            return $"has lora_alpha {Alpha}, which must be greater than 0";
        }

        if (UseDora || FanInFanOut || Bias is not (null or "none"))
        {
            return "sets use_dora, fan_in_fan_out or bias, which are not supported";
        }

        if (RankPattern is { Count: > 0 } || AlphaPattern is { Count: > 0 } || ModulesToSave is { Count: > 0 })
        {
            return "sets rank_pattern, alpha_pattern or modules_to_save, which are not supported";
        }

        string? initialization = InitLoraWeights.ValueKind == JsonValueKind.String ? InitLoraWeights.GetString()!.ToLowerInvariant() : null;
        return initialization is not null && Array.Exists(_baseChangingInitializations, initialization.StartsWith)
            ? $"was saved with init_lora_weights '{Excerpt.Of(initialization)}', which changes the base weights; "
                + "convert it to a plain LoRA adapter first "
                + "(in PEFT: save_pretrained with path_initial_model_for_weight_conversion)"
            : null;
    }
}
