using System.Text.Json;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Models;

/// <summary>
/// Reads the rotary settings of a configuration: <c>rope_theta</c> and <c>rope_scaling</c> (Transformers 4) or <c>rope_parameters</c>
/// (Transformers 5). Every key is used, or refused by name.
/// </summary>
/// <param name="config">The configuration.</param>
internal sealed class RopeReader(LlamaConfig config)
{
    private const double DefaultTheta = 10000;

    // Keys by type; those of every type are read before.
    private static readonly Dictionary<string, string[]> _keys = new(StringComparer.Ordinal)
    {
        ["default"] = [],
        ["linear"] = ["factor"],
        ["dynamic"] = ["factor"],
        ["llama3"] = ["factor", "low_freq_factor", "high_freq_factor"],
        ["yarn"] = ["factor", "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate"],
        ["longrope"] = ["factor", "attention_factor", "short_factor", "long_factor"],
    };

    private string _name = "rope_parameters";
    private string _type = "default";

    /// <summary>Reads the settings of layers that see everything.</summary>
    /// <exception cref="FormatException">They are not supported or contradictory; the message is a sentence.</exception>
    public RopeSettings Read()
    {
        (JsonElement? scaling, JsonElement? parameters) = config.RopeObjects;
        if (parameters is JsonElement nested && config.Family.LocalFrequencies
            && OfLayerType(nested, LayerAttention.Full) is JsonElement own)
        {
            parameters = own;
        }

        if (scaling is not null && parameters is not null && !JsonElement.DeepEquals(scaling.Value, parameters.Value)
            && Read("rope_scaling", scaling, config.RopeTheta ?? ThetaOf(parameters.Value))
                != Read("rope_parameters", parameters, config.RopeTheta))
        {
            throw new FormatException("rope_scaling and rope_parameters differ; keep the one that the model was trained with.");
        }

        return Read(parameters is null ? "rope_scaling" : "rope_parameters", parameters ?? scaling, config.RopeTheta);
    }

    /// <summary>Reads the settings of layers with a window in a family where they have their own.</summary>
    /// <exception cref="FormatException">They are not supported or contradictory; the message is a sentence.</exception>
    public RopeSettings ReadLocal()
    {
        JsonElement? own = config.RopeObjects.Parameters is JsonElement nested ? OfLayerType(nested, LayerAttention.Sliding) : null;
        RopeSettings settings = Read($"rope_parameters.{LayerAttention.Sliding}", own, own is null ? config.LocalTheta : null);
        return settings.Type is "default" or "linear" or "llama3" or "yarn"
            ? settings
            : throw new FormatException($"{_name} has rope_type '{settings.Type}', which is not computed for layers with a window.");
    }

    private RopeSettings Read(string name, JsonElement? settings, double? theta)
    {
        _name = name;
        if (settings is not JsonElement given)
        {
            return new() { Theta = Positive("rope_theta", theta ?? DefaultTheta), OriginalContext = config.ContextLength };
        }

        if (given.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"{_name} must be an object.");
        }

        _type = TypeOf(given);
        RequireKnownKeys(given);
        double? inner = Number(given, "rope_theta");
        // A default of the family is not a second opinion.
        if (theta is not null && inner is not null && theta != inner && !config.Family.Defaults.ContainsKey("rope_theta"))
        {
            throw new FormatException(
                $"rope_theta is {theta}, but {_name}.rope_theta is {inner}; keep the one that the model was trained with.");
        }

        return Settings(given, Positive("rope_theta", inner ?? theta ?? DefaultTheta));
    }

    private static JsonElement? OfLayerType(JsonElement parameters, string type) =>
        parameters.ValueKind == JsonValueKind.Object && parameters.TryGetProperty(type, out JsonElement own) ? own : null;

    private RopeSettings Settings(JsonElement given, double theta)
    {
        double original = Positive(
            "original_max_position_embeddings",
            Number(given, "original_max_position_embeddings") ?? config.OriginalContextLength ?? config.ContextLength);
        if (_type == "dynamic" && original != config.ContextLength)
        {
            throw new FormatException(
                $"{_name} has rope_type 'dynamic' with an original context of {original} tokens instead of max_position_embeddings "
                    + $"({config.ContextLength}), which is not supported; use another model.");
        }

        double factor = Positive("factor", Number(given, "factor") ?? (_type switch
        {
            "default" => 1,
            "yarn" or "longrope" => config.ContextLength / original,
            _ => throw new FormatException($"{_name} has rope_type '{_type}' but no factor; add it."),
        }));
        if (factor < 1 && _type != "default")
        {
            throw new FormatException($"{_name} has factor {factor}; it must be at least 1.");
        }

        RopeSettings settings = new()
        {
            Type = _type,
            Theta = theta,
            Factor = factor,
            OriginalContext = original,
            AttentionFactor = _type switch
            {
                "yarn" => AttentionFactor(given, factor),
                "longrope" => Number(given, "attention_factor") is double own
                    ? Positive("attention_factor", own)
                    : RopeSettings.LongRopeAttention(factor, original),
                _ => 1,
            },
        };
        return _type switch
        {
            "llama3" => Llama3(settings, given),
            "longrope" => settings with
            {
                ShortFactors = Factors(given, "short_factor"),
                LongFactors = Factors(given, "long_factor"),
            },
            "yarn" => settings with
            {
                BetaFast = Positive("beta_fast", Number(given, "beta_fast") is double fast and not 0 ? fast : settings.BetaFast),
                BetaSlow = Positive("beta_slow", Number(given, "beta_slow") is double slow and not 0 ? slow : settings.BetaSlow),
                Truncate = !given.TryGetProperty("truncate", out JsonElement truncate) || truncate.ValueKind switch
                {
                    JsonValueKind.True or JsonValueKind.Null => true,
                    JsonValueKind.False => false,
                    _ => throw new FormatException($"{_name}.truncate must be true or false."),
                },
            },
            _ => settings,
        };
    }

    private RopeSettings Llama3(RopeSettings settings, JsonElement given)
    {
        double low = Positive("low_freq_factor", Required(given, "low_freq_factor"));
        double high = Positive("high_freq_factor", Required(given, "high_freq_factor"));
        return low < high
            ? settings with { LowFrequencyFactor = low, HighFrequencyFactor = high }
            : throw new FormatException($"{_name} has low_freq_factor {low}, which must be less than high_freq_factor {high}.");
    }

    private double AttentionFactor(JsonElement given, double factor)
    {
        if (Number(given, "attention_factor") is double own)
        {
            return Positive("attention_factor", own);
        }

        (double m, double all) = (Number(given, "mscale") ?? 0, Number(given, "mscale_all_dim") ?? 0);
        return m != 0 && all != 0
            ? RopeSettings.YarnAttention(factor, m) / RopeSettings.YarnAttention(factor, all)
            : RopeSettings.YarnAttention(factor);
    }

    private string TypeOf(JsonElement given)
    {
        (string? type, string? old) = (Text(given, "rope_type"), Text(given, "type"));
        if (type is not null && old is not null && type != old)
        {
            throw new FormatException(
                $"{_name} has rope_type '{Excerpt.Of(type)}', but type '{Excerpt.Of(old)}'; keep the one that the model was trained with.");
        }

        // The first name of longrope, in Phi-3's own code.
        type = (type ?? old ?? "default") is "su" ? "longrope" : type ?? old ?? "default";
        return RopeSettings.Types.Contains(type)
            ? type
            : throw new FormatException($"{_name} has rope_type '{Excerpt.Of(type)}', which is not supported (supported: "
                + $"{string.Join(", ", RopeSettings.Types)}); use a model without it.");
    }

    private void RequireKnownKeys(JsonElement given)
    {
        foreach (JsonProperty property in given.EnumerateObject().Where(property => property.Value.ValueKind != JsonValueKind.Null))
        {
            bool known = property.Name switch
            {
                // finetuned: a note of the first YaRN models, without effect.
                "rope_type" or "type" or "rope_theta" or "original_max_position_embeddings" or "finetuned" => true,
                "partial_rotary_factor" => Number(given, property.Name) == 1,
                _ => _keys[_type].Contains(property.Name) || (property.Name == "factor" && Number(given, property.Name) == 1),
            };
            if (!known)
            {
                throw new FormatException(
                    $"{_name} has {Excerpt.Of(property.Name)} {Excerpt.Of(property.Value.GetRawText())}, which is not supported with "
                        + $"rope_type '{_type}'; use a model without it.");
            }
        }
    }

    private double? ThetaOf(JsonElement given) => given.ValueKind == JsonValueKind.Object ? Number(given, "rope_theta") : null;

    private double[] Factors(JsonElement given, string key)
    {
        if (!given.TryGetProperty(key, out JsonElement list) || list.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException($"{_name} has rope_type '{_type}' but no list {key}; add it.");
        }

        double[] factors = [.. list.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out double number) ? Positive(key, number)
                : throw new FormatException($"{_name}.{key} must be a list of numbers."))];
        return factors.Length == config.HeadSize / 2
            ? factors
            : throw new FormatException($"{_name}.{key} has {factors.Length} numbers, but half a head has {config.HeadSize / 2}.");
    }

    private string? Text(JsonElement given, string key) => !given.TryGetProperty(key, out JsonElement value) ? null : value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        _ => throw new FormatException($"{_name}.{key} must be a string."),
    };

    private double Required(JsonElement given, string key) =>
        Number(given, key) ?? throw new FormatException($"{_name} has rope_type '{_type}' but no {key}; add it.");

    private double? Number(JsonElement given, string key) => !given.TryGetProperty(key, out JsonElement value)
        ? null
        : value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.Number when value.TryGetDouble(out double number) => number,
            _ => throw new FormatException($"{_name}.{key} must be a number."),
        };

    private double Positive(string key, double value) => value > 0 && double.IsFinite(value)
        ? value
        : throw new FormatException($"{key} is {value}; it must be greater than 0.");
}
