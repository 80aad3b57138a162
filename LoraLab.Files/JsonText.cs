using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LoraLab.Files;

/// <summary>JSON as people's programs save it: with or without a byte-order mark, and sometimes not in UTF-8.</summary>
public static class JsonText
{
    private const string Conversion = "The JSON value could not be converted to ";
    private const string ReaderOptions = " which is not supported in this mode. Change the reader options";

    /// <summary>The bytes without a byte-order mark.</summary>
    /// <exception cref="JsonException">The text is not UTF-8.</exception>
    public static ReadOnlyMemory<byte> Utf8(ReadOnlyMemory<byte> bytes)
    {
        if (OtherEncoding(bytes.Span) is string encoding)
        {
            throw new JsonException($"it is encoded in {encoding}; save it as UTF-8.");
        }

        ReadOnlyMemory<byte> text = bytes.Span.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        return System.Text.Unicode.Utf8.IsValid(text.Span)
            ? text
            : throw new JsonException("it is not encoded in UTF-8; save it as UTF-8.");
    }

    /// <summary>
    /// The encoding of a text that is not UTF-8, by its byte-order mark or by the zero bytes of its first character, which is ASCII in JSON
    /// and in tables; null: it may be UTF-8.
    /// </summary>
    public static string? OtherEncoding(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xFF, 0xFE, 0, 0, ..] or [0, 0, 0xFE, 0xFF, ..] or [0, 0, 0, not 0, ..] or [not 0, 0, 0, 0, ..] => "UTF-32",
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [0, not 0, ..] or [not 0, 0, not 0, 0, ..] => "UTF-16",
        _ => null,
    };

    /// <summary>
    /// What is wrong with a JSON file, as the end of a sentence with its period: with the key and the kind of value that it needs, or with
    /// line and byte, both from 1.
    /// </summary>
    public static string Problem(Exception problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        string message = problem.Message;
        if (problem is not JsonException json)
        {
            return message;
        }

        if (message.StartsWith(Conversion, StringComparison.Ordinal))
        {
            return $"{Member(json.Path)} must be {Kind(message[Conversion.Length..])}.";
        }

        int place = message.IndexOf(" LineNumber: ", StringComparison.Ordinal);
        int path = message.IndexOf(" Path: $", StringComparison.Ordinal);
        string text = message[..(path >= 0 ? path : place >= 0 ? place : message.Length)]
            .Replace(ReaderOptions, ", which JSON does not allow", StringComparison.Ordinal)
            .TrimEnd('.');
        return json.LineNumber is long line
            ? string.Create(CultureInfo.InvariantCulture, $"{text} (line {line + 1}, byte {(json.BytePositionInLine ?? 0) + 1}).")
            : text + ".";
    }

    private static string Member(string? path)
    {
        const int Root = 2;
        return path is not { Length: > Root } ? "it"
            : path.StartsWith("$.", StringComparison.Ordinal) ? path[Root..]
            : path[1..];
    }

    /// <summary>What a type is called in JSON; the names of collections also contain those of their items.</summary>
    private static string Kind(string type)
    {
        return Contains("Dictionary") ? "a JSON object"
            : Contains("List") || Contains("[]") ? "a list"
            : Contains("Boolean") ? "true or false"
            : Contains("Int32") ? "a whole number below 2,147,483,648"
            : Contains("Int64") ? "a whole number"
            : Contains("Double") ? "a number"
            : Contains("System.String") ? "a text"
            : "a JSON object";

        bool Contains(string name) => type.Contains(name, StringComparison.Ordinal);
    }
}
