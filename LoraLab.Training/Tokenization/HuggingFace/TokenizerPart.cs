using System.Text.Json;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tokenization.HuggingFace;

/// <summary>
/// An object in <c>tokenizer.json</c> with its place in the file. Keys that nobody asked for are refused, so that nothing that the file
/// says is skipped. A null is the same as an absent key. Every failure is a <see cref="FormatException"/> whose message is the predicate
/// of a sentence about the file.
/// </summary>
internal sealed class TokenizerPart
{
    private readonly JsonElement _element;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>A part.</summary>
    /// <param name="element">The value in the file, which must be an object.</param>
    /// <param name="place">Its place, such as <c>pre_tokenizer.pretokenizers[1]</c>; empty: the whole file.</param>
    public TokenizerPart(JsonElement element, string place)
    {
        (_element, Place) = (element, place);
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException(
                place.Length == 0
                    ? "is not a JSON object; download the file again"
                    : $"has {place} {Shown(element)}, which must be an object");
        }
    }

    /// <summary>Its place in the file.</summary>
    public string Place { get; }

    /// <summary>The kind of the part.</summary>
    public string Type => Text("type");

    /// <summary>Place of a key.</summary>
    public string PlaceOf(string key) => Place.Length == 0 ? key : $"{Place}.{key}";

    /// <summary>A text.</summary>
    public string Text(string key) => OptionalText(key) ?? throw Missing(key);

    /// <summary>A text, or null.</summary>
    public string? OptionalText(string key) => Value(key) is not JsonElement value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw Wrong(key, value, "must be a text");

    /// <summary>A truth value.</summary>
    public bool Flag(string key) => OptionalFlag(key) ?? throw Missing(key);

    /// <summary>A truth value, or null.</summary>
    public bool? OptionalFlag(string key) => Value(key) is not JsonElement value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(key, value, "must be true or false");

    /// <summary>A number of 0 or more.</summary>
    public int Count(string key) => OptionalCount(key) ?? throw Missing(key);

    /// <summary>A number of 0 or more, or null.</summary>
    public int? OptionalCount(string key) => Value(key) is not JsonElement value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int count) && count >= 0 ? count
        : throw Wrong(key, value, "must be a number of 0 or more");

    /// <summary>An object.</summary>
    public TokenizerPart Part(string key) => OptionalPart(key) ?? throw Missing(key);

    /// <summary>An object, or null.</summary>
    public TokenizerPart? OptionalPart(string key) => Value(key) is JsonElement value ? new(value, PlaceOf(key)) : null;

    /// <summary>A list of objects.</summary>
    public IReadOnlyList<TokenizerPart> Parts(string key) =>
        [.. Items(key).Select((item, i) => new TokenizerPart(item, $"{PlaceOf(key)}[{i}]"))];

    /// <summary>A list.</summary>
    public IEnumerable<JsonElement> Items(string key) => Value(key) is not JsonElement value ? throw Missing(key)
        : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray()
        : throw Wrong(key, value, "must be a list");

    /// <summary>A value of any kind, or null.</summary>
    public JsonElement? Value(string key)
    {
        _read.Add(key);
        return _element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>Keys that have no effect on ids.</summary>
    public void Skip(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            _read.Add(key);
        }
    }

    /// <summary>Names of all keys.</summary>
    public IReadOnlyList<string> Keys() => [.. _element.EnumerateObject().Select(property => property.Name)];

    /// <summary>Refuses the keys that nobody asked for.</summary>
    public void RequireNothingElse()
    {
        foreach (JsonProperty property in _element.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Null && !_read.Contains(property.Name))
            {
                throw new FormatException(
                    $"has the key {PlaceOf(Excerpt.Of(property.Name))} ({Shown(property.Value)}), which LoraLab does not know and which "
                        + "may change the ids; remove it if it has no effect");
            }
        }
    }

    /// <summary>A failure about a kind of part that is not built.</summary>
    public FormatException NotBuilt(string built) => new(
        $"has {PlaceOf("type")} '{Excerpt.Of(Type)}', which LoraLab does not compute ({built}); use a model with another tokenizer");

    /// <summary>A failure about a value.</summary>
    public FormatException Wrong(string key, JsonElement value, string problem) =>
        new($"has {PlaceOf(key)} {Shown(value)}, which {problem}");

    /// <summary>A failure about a value that was read.</summary>
    public FormatException Wrong(string key, string problem) => Wrong(key, Value(key) ?? default, problem);

    private static string Shown(JsonElement value)
    {
        const int MaxLength = 60;
        string text = value.ValueKind == JsonValueKind.Undefined ? "null" : value.GetRawText();
        return Excerpt.Of(text.Length <= MaxLength ? text : text[..MaxLength] + "…");
    }

    private FormatException Missing(string key) => new($"has no {PlaceOf(key)}; download the file again");
}
