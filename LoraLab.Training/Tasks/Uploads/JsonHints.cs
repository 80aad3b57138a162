using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.Training.Tasks.Uploads;

/// <summary>What the manifest of an upload says about the form of its files; null: it says nothing.</summary>
/// <param name="Delimiter">Character between the fields.</param>
/// <param name="Quoting">Whether fields may be in quotation marks.</param>
/// <param name="Header">Whether the first line names the columns.</param>
/// <param name="AllowsOneColumn">Whether it asks for a single column.</param>
internal sealed record JsonHints(char? Delimiter, bool? Quoting, bool? Header, bool AllowsOneColumn)
{
    /// <summary>The hints of a manifest; values of another kind are reported when the manifest is read.</summary>
    public static JsonHints Of(JsonObject manifest) => new(
        Of(manifest, "delimiter", JsonValueKind.String) is JsonValue text && text.GetValue<string>() is [char only] ? only : null,
        Bool(manifest, "quoting"),
        Bool(manifest, "header"),
        manifest.ContainsKey("textColumn") || manifest.ContainsKey("messagesColumn"));

    private static bool? Bool(JsonObject manifest, string key) =>
        manifest[key] is JsonValue value && value.GetValueKind() is JsonValueKind.True or JsonValueKind.False
            ? manifest[key]!.GetValueKind() == JsonValueKind.True
            : null;

    private static JsonValue? Of(JsonObject manifest, string key, JsonValueKind kind) =>
        manifest[key] is JsonValue value && value.GetValueKind() == kind ? value : null;
}
