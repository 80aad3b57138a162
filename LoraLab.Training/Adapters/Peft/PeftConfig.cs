using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>The fields of <c>adapter_config.json</c> that are used, and those that must be rejected rather than ignored.</summary>
public sealed record PeftConfig
{
    /// <summary>Initializations that leave the base weights as they are; after others, A and B do not fit the original base.</summary>
    private static readonly string[] _initializations = ["true", "false", "gaussian", "eva", "orthogonal"];

    /// <summary>Type of the adapter.</summary>
    [JsonPropertyName("peft_type")]
    public string? Type { get; init; }

    /// <summary>Name of the model that it was trained on.</summary>
    [JsonPropertyName("base_model_name_or_path")]
    public string? BaseModel { get; init; }

    /// <summary>Rank; null: not stated, so that it follows from the tensors.</summary>
    [JsonPropertyName("r")]
    public int? RankOrNull { get; init; }

    /// <summary>Alpha; null: not stated, which is refused.</summary>
    [JsonPropertyName("lora_alpha")]
    public double? AlphaOrNull { get; init; }

    /// <summary>Whether the scaling is α/√r.</summary>
    [JsonPropertyName("use_rslora")]
    public bool RankStabilized { get; init; }

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

    /// <summary>Id of the method whose adapter it is.</summary>
    [JsonIgnore]
    public string Method { get; init; } = PeftMethods.Plain;

    /// <summary>The method whose adapter it is.</summary>
    [JsonIgnore]
    public LoraMethod Registered => LoraMethods.Find(Method)!;

    /// <summary>Options of the method.</summary>
    [JsonIgnore]
    public JsonObject Options { get; init; } = [];

    /// <summary>Whether it is of LoRA's factors alone, ΔW = s·B·A.</summary>
    [JsonIgnore]
    public bool IsPlain => Method == PeftMethods.Plain;

    /// <summary>Rank; 0: not stated.</summary>
    [JsonIgnore]
    public int Rank => RankOrNull ?? 0;

    /// <summary>Alpha.</summary>
    [JsonIgnore]
    public double Alpha => AlphaOrNull ?? 0;

    /// <summary>s of the modules that no pattern matches.</summary>
    [JsonIgnore]
    public double Scaling => AdapterScaling.Of(Alpha, Rank, RankStabilized);

    /// <summary>s of a module, whose rank follows from its tensors.</summary>
    /// <param name="module">Full name.</param>
    /// <param name="rank">Rank of its factors.</param>
    /// <param name="folder">Folder of the adapter, for messages.</param>
    /// <exception cref="RunFailure">The configuration states another rank; field <c>initFrom</c>.</exception>
    public double ScalingOf(string module, int rank, string folder)
    {
        double stated = ModulePatterns<double>.Of(RankPattern)?.Find(module) ?? RankOrNull ?? rank;
        return stated == rank
            ? AdapterScaling.Of(ModulePatterns<double>.Of(AlphaPattern)?.Find(module) ?? Alpha, rank, RankStabilized)
            : throw RunFailure.BadData(
                $"initFrom: {Path.Combine(folder, PeftFiles.Config)} states rank {stated} for '{module}' (r and rank_pattern), but its "
                    + $"factors have rank {rank}; use the files of one adapter.",
                PeftImport.Field);
    }

    /// <summary>
    /// The configuration of an adapter that was saved as it was trained, on the original base: its starting factors are as many further
    /// ranks, at the same scaling.
    /// </summary>
    public PeftConfig OnOriginalBase() => this with
    {
        RankOrNull = RankOrNull * 2,
        AlphaOrNull = AlphaOrNull is double alpha ? AdapterScaling.AlphaAtRank(alpha, 2, RankStabilized) : null,
        RankPattern = RankPattern?.ToDictionary(pattern => pattern.Key, pattern => pattern.Value * 2),
        AlphaPattern = AlphaPattern?.ToDictionary(
            pattern => pattern.Key, pattern => AdapterScaling.AlphaAtRank(pattern.Value, 2, RankStabilized)),
        InitLoraWeights = default,
    };

    /// <summary>
    /// Why ΔW is not s·B·A on the original base, or, where <paramref name="method"/> takes its factors from the base, why they are not such
    /// factors; the predicate of a sentence; null if it is or they are.
    /// </summary>
    /// <param name="method">Method that starts from the adapter; null: none, the adapter is used as it is.</param>
    public string? Problem(LoraMethod? method = null)
    {
        if (!PeftMethods.Types.Contains(Type))
        {
            return $"is not an adapter of a method that LoraLab has (peft_type '{Excerpt.Of(Type ?? "null")}'); "
                + $"use an adapter of peft_type {string.Join(", ", PeftMethods.Types)}";
        }

        if (IsPlain && PlainProblem() is string problem)
        {
            return problem;
        }

        if (ModulesToSave is { Count: > 0 })
        {
            return $"has modules_to_save ({Excerpt.Of(ModulesToSave)}), that is, modules trained in full, which are not supported; use an "
                + "adapter of LoRA factors only";
        }

        if (InvalidPattern() is string pattern)
        {
            return pattern;
        }

        if (AlphaPattern?.Values.Any(value => !double.IsFinite(value) || value <= 0) == true)
        {
            return "has an alpha_pattern with a value that is not greater than 0; set those that it was trained with";
        }

        return InitializationProblem(method);
    }

    private string? InitializationProblem(LoraMethod? method)
    {
        const string Convert =
            "convert it to a plain LoRA adapter first (in PEFT: save_pretrained with path_initial_model_for_weight_conversion)";
        string? initialization = InitLoraWeights.ValueKind == JsonValueKind.String ? InitLoraWeights.GetString()!.ToLowerInvariant() : null;
        if (initialization is null || _initializations.Contains(initialization))
        {
            return null;
        }

        LoraMethod? written = PeftMethods.Initialized(initialization);
        return written is null
            ? $"was saved with init_lora_weights '{Excerpt.Of(initialization)}', which changes the base weights or is not known; {Convert}"
            : written.Id == method?.Id ? null
            : $"was saved with init_lora_weights '{Excerpt.Of(initialization)}', which changes the base weights, so that its factors fit "
                + $"the original base only as the start of a run of method {written.Id}; {(method is null ? "" : "use that method, or ")}"
                + $"{Convert}, or put its starting adapter into the folder {PeftStart.Folder}";
    }

    private string? PlainProblem() => RankOrNull <= 0 ? $"has r {RankOrNull}, which must be greater than 0; use the files of one adapter"
        : AlphaOrNull is not double alpha ? "has no lora_alpha, without which the scaling of its factors is not known; add it"
        : !double.IsFinite(alpha) || alpha <= 0
            ? $"has lora_alpha {alpha}, which must be greater than 0; set the one that it was trained with"
        : null;

    /// <summary>Why a pattern cannot be used, as the predicate of a sentence; null: all can.</summary>
    private string? InvalidPattern()
    {
        (string Name, string? Key)[] invalid =
        [
            ("rank_pattern", ModulePatterns<double>.Of(RankPattern)?.Invalid),
            ("alpha_pattern", ModulePatterns<double>.Of(AlphaPattern)?.Invalid),
        ];
        (string name, string? key) = invalid.FirstOrDefault(pattern => pattern.Key is not null);
        return key is null ? null : $"has {name} '{Excerpt.Of(key)}', which is not a regular expression; use the name of a module";
    }
}
