using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.Tests.Server.Abuse;

/// <summary>
/// JSON made from a schema: values that it allows, and values next to them: at a bound, just beyond it, another word, another length or
/// another type.
/// </summary>
internal sealed class DescribedValues(Random random, JsonObject schemas)
{
    private const int MostItems = 60;
    private const int Deepest = 4;

    /// <summary>A value that the schema allows.</summary>
    public string Valid(JsonNode schema, int depth = 0) => Make(schema, depth, beyond: false);

    /// <summary>A value at a bound of the schema or just beyond it.</summary>
    public string Near(JsonNode schema, int depth = 0) => Make(schema, depth, beyond: true);

    private string Make(JsonNode schema, int depth, bool beyond)
    {
        JsonObject found = Resolve(schema);
        if (found["enum"] is JsonArray words)
        {
            return beyond && random.Next(3) == 0 ? "\"noSuchWord\"" : words[random.Next(words.Count)]!.ToJsonString();
        }

        // Most names that a schema allows do not exist.
        if (!beyond && found["default"] is { } usual && (usual.GetValueKind() == JsonValueKind.String || random.Next(2) == 0))
        {
            return usual.ToJsonString();
        }

        string[] types = found["type"] is JsonArray several
            ? [.. several.Select(type => (string)type!)]
            : [(string?)found["type"] ?? "any"];
        if (beyond && random.Next(8) == 0)
        {
            types = ["null", "boolean", "integer", "string", "array", "object"];
        }

        return types[random.Next(types.Length)] switch
        {
            "null" => "null",
            "boolean" => random.Next(2) == 0 ? "true" : "false",
            "integer" => Number(found, 1, beyond),
            "number" => Number(found, 0.001, beyond),
            "string" => JsonSerializer.Serialize(Text(found, beyond)),
            "array" => Items(found, depth, beyond),
            "object" => Members(found, depth, beyond),
            _ => random.Next(2) == 0 ? "1" : "\"x\"",
        };
    }

    private string Number(JsonObject schema, double step, bool beyond)
    {
        double least = (double?)schema["minimum"] ?? (double?)schema["exclusiveMinimum"] + step ?? -3;
        double most = (double?)schema["maximum"] ?? (double?)schema["exclusiveMaximum"] - step ?? Math.Max(least, 0) + (1000 * step);
        double value = beyond
            ? random.Next(8) switch
            {
                0 => least - step,
                1 => most + step,
                2 => most,
                3 => int.MaxValue + (double)random.Next(2),
                4 => -1e300,
                5 => 1e300,
                6 => least + 0.5,
                _ => least,
            }
            : Math.Min(most, least + (step * random.Next(20)));
        return value.ToString("R", CultureInfo.InvariantCulture);
    }

    private string Text(JsonObject schema, bool beyond)
    {
        int least = (int?)schema["minLength"] ?? 0;
        int most = Math.Min((int?)schema["maxLength"] ?? 30, 30_000);
        int length = beyond
            ? random.Next(4) switch { 0 => Math.Max(0, least - 1), 1 => most + 1, 2 => most, _ => least }
            : random.Next(least, Math.Min(most, 20) + 1);
        string letters = random.Next(3) switch { 0 => "é😀漢\u202e ", 1 => "\u0000\u0007\ud7ff/%2F", _ => "abc, -_." };
        return string.Concat(Enumerable.Range(0, length).Select(i => letters[i % letters.Length]));
    }

    private string Items(JsonObject schema, int depth, bool beyond)
    {
        int least = (int?)schema["minItems"] ?? 0;
        int most = Math.Min((int?)schema["maxItems"] ?? 3, MostItems);
        int count = beyond
            ? random.Next(3) switch { 0 => Math.Max(0, least - 1), 1 => most + 1, _ => most }
            : random.Next(least, Math.Min(most, 4) + 1);
        return depth > Deepest || schema["items"] is not { } items ? "[]"
            : $"[{string.Join(',', Enumerable.Range(0, count).Select(_ => Make(items, depth + 1, beyond && random.Next(3) == 0)))}]";
    }

    private string Members(JsonObject schema, int depth, bool beyond)
    {
        HashSet<string> required = [.. (schema["required"]?.AsArray() ?? []).Select(name => (string)name!)];
        List<string> members = [];
        foreach ((string name, JsonNode? member) in depth > Deepest ? [] : schema["properties"]?.AsObject() ?? [])
        {
            bool present = required.Contains(name) ? !beyond || random.Next(8) > 0 : random.Next(beyond ? 4 : 8) == 0;
            if (present)
            {
                members.Add($"{JsonSerializer.Serialize(name)}:{Make(member!, depth + 1, beyond && random.Next(3) == 0)}");
            }
        }

        if (beyond && random.Next(6) == 0)
        {
            members.Add("\"noSuchMember\":1");
        }

        return $"{{{string.Join(',', members)}}}";
    }

    private JsonObject Resolve(JsonNode schema)
    {
        JsonObject found = schema.AsObject();
        while ((found["oneOf"] ?? found["anyOf"]) is JsonArray choices)
        {
            found = choices[random.Next(choices.Count)]!.AsObject();
        }

        return (string?)found["$ref"] is { } reference ? Resolve(schemas[reference[(reference.LastIndexOf('/') + 1)..]]!) : found;
    }
}
