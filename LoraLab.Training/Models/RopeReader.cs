using System.Text.Json;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Models;

/// <summary>
/// Reads the rotary settings of a configuration: <c>rope_theta</c> and <c>rope_scaling</c> (Transformers 4) or <c>rope_parameters</c>
/// (Transformers 5). Every key is used, or refused by name.
/// </summary>
/// <param name="contextLength">Context of the model, tokens.</param>
/// <param name="originalContext">The original context where the configuration has it outside of the object; null: it has not.</param>
internal sealed class RopeReader(int contextLength, double? originalContext)
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
    };

    private string _name = "rope_parameters";
    private string _type = "default";

    /// <summary>Reads the settings.</summary>
    /// <param name="theta">Value of <c>rope_theta</c>; null: absent.</param>
    /// <param name="scaling">Value of <c>rope_scaling</c>; null: absent.</param>
    /// <param name="parameters">Value of <c>rope_parameters</c>; null: absent.</param>
    /// <exception cref="FormatException">They are not supported or contradictory; the message is a sentence.</exception>
    public RopeSettings Read(double? theta, JsonElement? scaling, JsonElement? parameters)
    {
        if (scaling is not null && parameters is not null && !JsonElement.DeepEquals(scaling.Value, parameters.Value)
            && Read(theta ?? ThetaOf(parameters.Value), scaling, null) != Read(theta, null, parameters))
        {
            throw new FormatException("rope_scaling and rope_parameters differ; keep the one that the model was trained with.");
        }

        _name = parameters is null ? "rope_scaling" : "rope_parameters";
        if ((parameters ?? scaling) is not JsonElement given)
        {
            return new() { Theta = Positive("rope_theta", theta ?? DefaultTheta) };
        }

        if (given.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"{_name} must be an object.");
        }

        _type = TypeOf(given);
        RequireKnownKeys(given);
        double? inner = Number(given, "rope_theta");
        if (theta is not null && inner is not null && theta != inner)
        {
            throw new FormatException(
                $"rope_theta is {theta}, but {_name}.rope_theta is {inner}; keep the one that the model was trained with.");
        }

        return Settings(given, Positive("rope_theta", inner ?? theta ?? DefaultTheta));
    }

    private RopeSettings Settings(JsonElement given, double theta)
    {
        double original = Positive(
            "original_max_position_embeddings", Number(given, "original_max_position_embeddings") ?? originalContext ?? contextLength);
        if (_type == "dynamic" && original != contextLength)
        {
            throw new FormatException(
                $"{_name} has rope_type 'dynamic' with an original context of {original} tokens instead of max_position_embeddings "
                    + $"({contextLength}), so that the frequencies change within the context, which is not supported; use another model.");
        }

        double factor = Positive("factor", Number(given, "factor") ?? (_type switch
        {
            "default" => 1,
            "yarn" => contextLength / original,
            _ => throw new FormatException($"{_name} has rope_type '{_type}' but no factor; add it."),
        }));
        RopeSettings settings = new()
        {
            Type = _type,
            Theta = theta,
            Factor = factor,
            OriginalContext = original,
            AttentionFactor = _type == "yarn" ? AttentionFactor(given, factor) : 1,
        };
        return _type switch
        {
            "llama3" => Llama3(settings, given),
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

        type ??= old ?? "default";
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
