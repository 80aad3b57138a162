using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraLab.Training.Files;

/// <summary>Reads an integer from any number without a fraction: to JSON and Python, 8.0 is 8.</summary>
internal sealed class WholeNumberConverter : JsonConverter<int>
{
    public override int Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        return reader.TokenType == JsonTokenType.Number && TryRead(ref reader, out int number) ? number : throw new JsonException();
    }

    /// <summary>Reads the number at which the reader is; false: it has a fraction, or is too large.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, out int number)
    {
        if (reader.TryGetInt32(out number))
        {
            return true;
        }

        bool isWhole = reader.TryGetDouble(out double value) && Math.Floor(value) == value && Math.Abs(value) <= int.MaxValue;
        number = isWhole ? (int)value : 0;
        return isWhole;
    }

    public override void Write(Utf8JsonWriter writer, int value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}
