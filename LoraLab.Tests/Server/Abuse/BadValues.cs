using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace LoraLab.Tests.Server.Abuse;

/// <summary>JSON that violates a schema, and text that is invalid for parameters. All of it follows from the generator's seed.</summary>
internal sealed class BadValues(Random random)
{
    private static readonly string[] _texts =
    [
        "", " ", "null", "true", "NaN", "-1", "0", "1e308", "99999999999999999999", "../../etc/passwd", "..\\..\\x", "/etc/passwd", "C:\\x",
        "%00", "%", "%zz", "a,b,,", ",", "';--", "{{7*7}}",
        "${jndi:ldap://x}", "<script>1</script>", "\u202eabc", "\ufeff", "e\u0301", "日本語", "😀", "\u0001\u001f", "line\nline", "\t", "İ",
        "ß", "\uffff", "last", "last ", "createdAt", "--createdAt", "*", "?", "#", "&a=b", "+", "~", "$ref", "__proto__",
    ];

    private static readonly string[] _numbers =
    [
        "-1", "0", "1", "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "1e400", "-1e400",
        "1e-400", "0.1", "1.0", "-0", "1e5", "123456789012345678901234567890", "4e9", "1E+2",
    ];

    public string Text() => random.Next(12) switch
    {
        0 => new string((char)random.Next('a', 'z'), random.Next(1, 1500)),
        1 => new string([.. Enumerable.Range(0, random.Next(1, 20)).Select(_ => (char)random.Next(1, 0xd7ff))]),
        2 => random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture),
        _ => _texts[random.Next(_texts.Length)],
    };

    /// <summary>A JSON value of any type, as raw text.</summary>
    public string Json(int depth = 0) => random.Next(depth > 3 ? 6 : 9) switch
    {
        0 => "null",
        1 => random.Next(2) == 0 ? "true" : "false",
        2 or 3 => _numbers[random.Next(_numbers.Length)],
        4 => Quote(Text()),
        5 => "\"\\ud800\"",
        6 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Json(depth + 1)))}]",
        7 => $"{{{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(i => $"{Quote(Text() + i)}:{Json(depth + 1)}"))}}}",
        _ => Nested(random.Next(2) == 0 ? 12 : random.Next(20, 3000)),
    };

    /// <summary>An object with the schema's members: some invalid, some missing, some unknown.</summary>
    public string Object(DescribedRoute route, JsonNode schema, int depth = 0)
    {
        JsonObject resolved = route.Resolve(schema);
        List<string> members = [];
        int wanted = random.Next(1, 4);
        JsonObject properties = resolved["properties"]?.AsObject() ?? [];
        int picked = properties.Count == 0 ? 0 : random.Next(properties.Count);
        int index = 0;
        foreach ((string name, JsonNode? property) in properties)
        {
            bool bad = index++ == picked || random.Next(properties.Count) < wanted;
            if (bad)
            {
                bool nested = random.Next(3) == 0 && depth < 3 && property is not null && route.Resolve(property)["properties"] is not null;
                members.Add($"{Quote(name)}:{(nested ? Object(route, property!, depth + 1) : Json())}");
            }
            else if (property is not null && Default(route.Resolve(property)) is { } good && random.Next(2) == 0)
            {
                members.Add($"{Quote(name)}:{good}");
            }
        }

        if (random.Next(6) == 0)
        {
            members.Add($"{Quote(Text())}:{Json()}");
        }

        if (random.Next(10) == 0 && members.Count > 0)
        {
            members.Add(members[random.Next(members.Count)]);
        }

        return $"{{{string.Join(',', members)}}}";
    }

    public string Nested(int levels) => random.Next(2) == 0
        ? new string('[', levels) + new string(']', levels)
        : string.Concat(Enumerable.Repeat("{\"a\":", levels)) + "1" + new string('}', levels);

    public byte[] Bytes()
    {
        byte[] bytes = new byte[random.Next(1, 200)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string? Default(JsonObject schema) =>
        schema["default"]?.ToJsonString() ?? (string?)(schema["enum"] is JsonArray { Count: > 0 } words ? Quote((string)words[0]!) : null);

    private static string Quote(string text)
    {
        StringBuilder quoted = new("\"");
        foreach (char c in text)
        {
            quoted.Append(c is '"' or '\\' || c < ' ' ? $"\\u{(int)c:x4}" : c.ToString());
        }

        return quoted.Append('"').ToString();
    }
}
