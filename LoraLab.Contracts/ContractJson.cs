using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraLab.Contracts;

/// <summary>The one JSON dialect of LoraLab: camelCase names, enums as camelCase words, unknown keys kept out by the reader.</summary>
public static class ContractJson
{
    /// <summary>Options for REST bodies, stored documents, run files and worker events.</summary>
    public static JsonSerializerOptions Options { get; } = Create(indented: false);

    /// <summary>The same dialect, indented for people.</summary>
    public static JsonSerializerOptions Indented { get; } = Create(indented: true);

    /// <summary>Applies the dialect to options that a framework owns.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.PropertyNameCaseInsensitive = false;
        options.DictionaryKeyPolicy = null;
        // NaN is information: without this the serialiser throws on it. The API shows it as null beside a nonFinite list.
        options.NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals;
        options.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
    }

    private static JsonSerializerOptions Create(bool indented)
    {
        JsonSerializerOptions options = new(JsonSerializerDefaults.General) { WriteIndented = indented };
        Apply(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
