using System.Text.Json;

namespace LoraLab.Training.Files.Keys;

/// <summary>Conditions on values in key tables.</summary>
internal static class KeyValues
{
    /// <summary>Whether a value says "no": false, 0, an empty text, list or object.</summary>
    public static bool Off(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetDouble(out double number) && number == 0,
        JsonValueKind.String => value.GetString() is "",
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    /// <summary>Whether a value is true.</summary>
    public static bool On(JsonElement value) => value.ValueKind == JsonValueKind.True;

    /// <summary>Whether a value is the number 1.</summary>
    public static bool One(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number == 1;

    /// <summary>A condition that holds for some texts, ignoring case.</summary>
    public static Func<JsonElement, bool> In(params string[] texts) => value =>
        value.ValueKind == JsonValueKind.String && texts.Contains(value.GetString(), StringComparer.OrdinalIgnoreCase);

    /// <summary>A condition that holds for a list of which every item fulfills a condition.</summary>
    public static Func<JsonElement, bool> All(Func<JsonElement, bool> condition) => value =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(condition);

    /// <summary>A condition that holds for a list of which an item fulfills a condition, and for an empty list.</summary>
    public static Func<JsonElement, bool> Any(Func<JsonElement, bool> condition) => value =>
        value.ValueKind == JsonValueKind.Array && (value.GetArrayLength() == 0 || value.EnumerateArray().Any(condition));
}
