using System.Text;
using System.Text.Json;

namespace LoraLab.Files;

/// <summary>JSON as people's programs save it: with or without a byte-order mark, and sometimes not in UTF-8.</summary>
public static class JsonText
{
    /// <summary>The bytes without a byte-order mark.</summary>
    /// <exception cref="JsonException">The text is UTF-16 or UTF-32.</exception>
    public static ReadOnlyMemory<byte> Utf8(ReadOnlyMemory<byte> bytes) =>
        OtherEncoding(bytes.Span) is string encoding
            ? throw new JsonException($"it is encoded in {encoding}; save it as UTF-8.")
            : bytes.Span.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;

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
}
