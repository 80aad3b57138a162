using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LoraLab.Server.Storage.Transfer;

/// <summary>
/// One spelling for equal documents, so that their hashes are equal: PostgreSQL's JSONB orders members, spells numbers in its own way and
/// has no NUL in texts.
/// </summary>
internal static class CanonicalJson
{
    private const double MaximumInteger = 1L << 53;

    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlySpan<byte> Of(JsonElement value)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, _options))
        {
            Write(writer, value);
        }

        return buffer.WrittenSpan;
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty member in value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(Text(member.Name));
                    Write(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(Text(value.GetString()!));
                break;
            case JsonValueKind.Number:
                WriteNumber(writer, value);
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, JsonElement value)
    {
        if (value.TryGetInt64(out long integer))
        {
            writer.WriteNumberValue(integer);
        }
        else if (value.GetDouble() is double number && double.IsInteger(number) && Math.Abs(number) < MaximumInteger)
        {
            writer.WriteNumberValue((long)number);
        }
        else
        {
            writer.WriteNumberValue(value.GetDouble());
        }
    }

    private static string Text(string text) => text.Replace('\0', '\ufffd');
}
