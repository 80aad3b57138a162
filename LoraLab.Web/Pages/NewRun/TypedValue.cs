using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>JSON values from typed text; what cannot be read stays text, so that the server reports the error.</summary>
internal static class TypedValue
{
    private const StringSplitOptions Items = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    /// <summary>The value of a field.</summary>
    internal static JsonNode Of(string text, FieldKind kind) => kind switch
    {
        FieldKind.Number => SpecForm.Number(text),
        FieldKind.Words => new JsonArray([.. text.Split(',', Items).Select(word => (JsonNode)word)]),
        FieldKind.Numbers => new JsonArray([.. text.Split(',', Items).Select(SpecForm.Number)]),
        FieldKind.Pattern => (JsonNode?)Pattern(text) ?? text,
        _ => JsonValue.Create(text),
    };

    private static JsonObject? Pattern(string text)
    {
        if (text.StartsWith('{'))
        {
            return Parse(text);
        }

        JsonObject pattern = [];
        foreach (string item in text.Split(',', Items))
        {
            int colon = item.LastIndexOf(':');
            if (colon <= 0 || colon == item.Length - 1
                || !pattern.TryAdd(item[..colon].Trim(), SpecForm.Number(item[(colon + 1)..].Trim())))
            {
                return null;
            }
        }

        return pattern;
    }

    private static JsonObject? Parse(string json)
    {
        try
        {
            return JsonNode.Parse(json, null, new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
