using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>What the engine needs of <c>adapter_config.json</c>, and what it must not overlook there.</summary>
public sealed record PeftConfig
{
    /// <summary>Starts that change the base weights, so that A and B alone do not belong to the original base.</summary>
    private static readonly string[] _baseChangingInitializations = ["pissa", "olora", "corda", "loftq", "lora_ga", "mica"];

    /// <summary>Kind of adapter.</summary>
    [JsonPropertyName("peft_type")]
    public string? Type { get; init; }

    /// <summary>Name of the model that it was trained on, as its author wrote it.</summary>
    [JsonPropertyName("base_model_name_or_path")]
    public string? BaseModel { get; init; }

    /// <summary>Rank.</summary>
    [JsonPropertyName("r")]
    public int Rank { get; init; }

    /// <summary>Alpha.</summary>
    [JsonPropertyName("lora_alpha")]
    public double Alpha { get; init; }

    /// <summary>Scaling α/√r.</summary>
    [JsonPropertyName("use_rslora")]
    public bool RankStabilized { get; init; }

    /// <summary>Names of the adapted layers.</summary>
    [JsonPropertyName("target_modules")]
    public TargetModules? Targets { get; init; }

    /// <summary>Weight-decomposed adapters (DoRA).</summary>
    [JsonPropertyName("use_dora")]
    public bool UseDora { get; init; }

    /// <summary>Weights stored as [in, out].</summary>
    [JsonPropertyName("fan_in_fan_out")]
    public bool FanInFanOut { get; init; }

    /// <summary>Which biases were trained.</summary>
    [JsonPropertyName("bias")]
    public string? Bias { get; init; }

    /// <summary>Other ranks for some layers.</summary>
    [JsonPropertyName("rank_pattern")]
    public IReadOnlyDictionary<string, double>? RankPattern { get; init; }

    /// <summary>Other alphas for some layers.</summary>
    [JsonPropertyName("alpha_pattern")]
    public IReadOnlyDictionary<string, double>? AlphaPattern { get; init; }

    /// <summary>Layers that were trained whole.</summary>
    [JsonPropertyName("modules_to_save")]
    public IReadOnlyList<string>? ModulesToSave { get; init; }

    /// <summary>True, false or the name of a start.</summary>
    [JsonPropertyName("init_lora_weights")]
    public JsonElement Start { get; init; }

    /// <summary>s = α/r, or α/√r.</summary>
    [JsonIgnore]
    public double Scaling => Alpha / (RankStabilized ? Math.Sqrt(Rank) : Rank);

    /// <summary>Why ΔW is not simply s·B·A on the original base, as the end of a sentence; null where it is.</summary>
    public string? Problem()
    {
        if (Type != "LORA" || Rank <= 0)
        {
            return $"is not a LoRA adapter (peft_type '{Excerpt.Of(Type ?? "null")}', r {Rank})";
        }

        if (!double.IsFinite(Alpha) || Alpha <= 0)
        {
            return $"has lora_alpha {Alpha}; it must be above 0";
        }

        if (UseDora || FanInFanOut || Bias is not (null or "none"))
        {
            return "uses use_dora, fan_in_fan_out or bias, which are not supported";
        }

        if (RankPattern is { Count: > 0 } || AlphaPattern is { Count: > 0 } || ModulesToSave is { Count: > 0 })
        {
            return "has a rank_pattern, an alpha_pattern or modules_to_save, which are not supported";
        }

        string? start = Start.ValueKind == JsonValueKind.String ? Start.GetString()!.ToLowerInvariant() : null;
        return start is not null && Array.Exists(_baseChangingInitializations, start.StartsWith)
            ? $"was saved with init_lora_weights '{Excerpt.Of(start)}', which changes the base weights; convert it to a plain adapter first (PEFT: save_pretrained with path_initial_model_for_weight_conversion)"
            : null;
    }
}
