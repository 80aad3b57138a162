using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Adapters;

/// <summary>Values of a PEFT configuration.</summary>
internal static class PeftValues
{
    /// <summary>The keys of <see cref="Lycoris"/> that not every type has.</summary>
    public static IReadOnlyList<string> LycorisKeys { get; } =
        ["alpha", "init_weights", "rank_dropout", "module_dropout", "use_effective_conv2d"];

    /// <summary>A number.</summary>
    /// <exception cref="JsonException">It is missing or not a number.</exception>
    public static double Number(JsonObject config, string key, double? missing = null) => config[key] switch
    {
        JsonValue value when value.TryGetValue(out double number) && double.IsFinite(number) => number,
        null when missing is double number => number,
        null => throw new JsonException($"it has no {key}; set the one that the adapter was trained with."),
        _ => throw new JsonException($"{key} must be a number; save the adapter again."),
    };

    /// <summary>A positive whole number.</summary>
    /// <exception cref="JsonException">It is missing or not one.</exception>
    public static int Rank(JsonObject config, string key = "r") =>
        Number(config, key) is > 0 and <= int.MaxValue and double number && number == Math.Floor(number)
            ? (int)number
            : throw new JsonException($"{key} must be a whole number greater than 0; use the files of one adapter.");

    /// <summary>The value of a specification's field as PEFT writes it.</summary>
    public static JsonNode? Json<TValue>(TValue value) => JsonSerializer.SerializeToNode(value, ContractJson.Options);

    /// <summary>A number without a fraction where it has none.</summary>
    public static JsonValue Whole(double number) =>
        number == Math.Floor(number) ? JsonValue.Create((long)number) : JsonValue.Create(number);

    /// <summary>The keys of the adapters that have a rank and an alpha by module (LoHa, LoKr).</summary>
    public static JsonObject Lycoris(RunSpec spec) => new()
    {
        ["alpha"] = Whole(spec.Alpha),
        ["alpha_pattern"] = Json(spec.AlphaPattern) ?? new JsonObject(),
        ["exclude_modules"] = Json(spec.ExcludeModules),
        ["init_weights"] = true,
        ["layers_pattern"] = null,
        ["layers_to_transform"] = Json(spec.LayersToTransform),
        ["module_dropout"] = 0.0,
        ["r"] = spec.Rank,
        ["rank_dropout"] = 0.0,
        ["rank_pattern"] = Json(spec.RankPattern) ?? new JsonObject(),
        ["use_effective_conv2d"] = false,
    };
}
