using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraLab.Training.Files;

/// <summary>Reads an integer from any number without a fraction: to JSON and Python, 8.0 is 8.</summary>
internal sealed class WholeNumberConverter : JsonConverter<int>
{
    public override int Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.Number)
        {
            throw new JsonException();
        }

        return reader.TryGetInt32(out int exact) ? exact
            : reader.TryGetDouble(out double number) && Math.Floor(number) == number && Math.Abs(number) <= int.MaxValue ? (int)number
            : throw new JsonException();
    }

    public override void Write(Utf8JsonWriter writer, int value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}
