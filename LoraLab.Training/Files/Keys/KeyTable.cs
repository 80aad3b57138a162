using System.Text.Json;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Files.Keys;

/// <summary>
/// Accounts for every key of a configuration file that another program wrote: a key is honored, harmless (always, or at its value), or
/// refused by name. A key that is in no table is refused if its name, or that of a key inside it, is about the mathematics; otherwise it is
/// reported as ignored. A null is the same as an absent key.
/// </summary>
internal sealed class KeyTable
{
    /// <summary>Parts of names that are about the mathematics, whatever the value.</summary>
    private static readonly string[] _mathematics =
    [
        "rope", "rotary", "quant", "scal", "bias", "norm", "multiplier", "softcap", "soft_cap", "dropout", "window", "expert", "alibi",
    ];

    private readonly Dictionary<string, KeyRule?> _rules = new(StringComparer.Ordinal);
    private string[] _unlessOff = [];

    /// <summary>Names further parts of names that are about the mathematics of these files, unless the value says "no".</summary>
    public KeyTable Mathematics(params string[] parts)
    {
        _unlessOff = parts;
        return this;
    }

    /// <summary>Adds keys that are read elsewhere, or that have no effect on the numbers of a run.</summary>
    public KeyTable Known(params string[] keys) => Add(null, keys);

    /// <summary>Adds keys that are harmless at some values only.</summary>
    /// <param name="harmless">Whether a value is harmless.</param>
    /// <param name="otherwise">What other values mean and the remedy, as the end of a sentence.</param>
    /// <param name="keys">The keys.</param>
    public KeyTable HarmlessIf(Func<JsonElement, bool> harmless, string otherwise, params string[] keys) =>
        Add(new KeyRule(harmless, otherwise), keys);

    /// <summary>Checks all keys of an object. The first problem is the predicate of a sentence, without a period.</summary>
    /// <exception cref="InvalidOperationException">A name is not valid Unicode.</exception>
    public KeyReport Check(JsonElement root)
    {
        List<string> ignored = [];
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            if (!_rules.TryGetValue(property.Name, out KeyRule? rule))
            {
                if (Path(property.Name, property.Name, property.Value, depth: 0) is string path)
                {
                    return new(
                        $"has the key '{Excerpt.Of(path)}'{(path == property.Name ? $" ({Shown(property.Value)})" : "")}, which LoraLab "
                            + "does not know and which may change the mathematics; remove it if it has no effect, or use another file",
                        []);
                }

                if (!Array.Exists(_unlessOff, part => property.Name.Contains(part, StringComparison.OrdinalIgnoreCase)))
                {
                    ignored.Add(property.Name);
                }
            }
            else if (rule is not null && !rule.Harmless(property.Value))
            {
                return new($"has {property.Name} {Shown(property.Value)}, {rule.Otherwise}", []);
            }
        }

        return new(null, ignored);
    }

    /// <summary>Path of the first key whose name is about the mathematics: the key itself or one inside its value.</summary>
    private string? Path(string path, string key, JsonElement value, int depth)
    {
        const int MaxDepth = 16;
        if (value.ValueKind == JsonValueKind.Null || depth > MaxDepth)
        {
            return null;
        }

        if (Array.Exists(_mathematics, Named))
        {
            return path;
        }

        string? inside = value.ValueKind switch
        {
            JsonValueKind.Object => value.EnumerateObject()
                .Select(inner => Path($"{path}.{inner.Name}", inner.Name, inner.Value, depth + 1))
                .FirstOrDefault(found => found is not null),
            JsonValueKind.Array => value.EnumerateArray()
                .Select(item => Path($"{path}[]", "", item, depth + 1))
                .FirstOrDefault(found => found is not null),
            _ => null,
        };
        return inside ?? (Array.Exists(_unlessOff, Named) && !KeyValues.Off(value) ? path : null);

        bool Named(string part) => key.Contains(part, StringComparison.OrdinalIgnoreCase);
    }

    private static string Shown(JsonElement value)
    {
        const int MaxLength = 60;
        string text = value.GetRawText();
        return Excerpt.Of(text.Length <= MaxLength ? text : text[..MaxLength] + "…");
    }

    private KeyTable Add(KeyRule? rule, string[] keys)
    {
        foreach (string key in keys)
        {
            _rules[key] = rule;
        }

        return this;
    }
}
