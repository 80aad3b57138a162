using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Training.Files;

namespace LoraLab.Training.Data;

/// <summary>A column of a table, or a key of JSON objects: by its name, or by its number from 1.</summary>
/// <param name="Name">Name in the header, or JSON key; the digits of a number.</param>
/// <param name="Number">Number, the first column is 1; null: the column is named.</param>
[JsonConverter(typeof(Converter))]
public sealed record Column(string Name, int? Number = null)
{
    /// <summary>Returns the column with a number if its name is one, as in a file without header.</summary>
    internal Column AsNumber() =>
        Number is null && int.TryParse(Name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? new(Name, number) : this;

    private sealed class Converter : JsonConverter<Column>
    {
        public override Column Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                return new Column(reader.GetString()!);
            }

            return reader.TokenType == JsonTokenType.Number && WholeNumberConverter.TryRead(ref reader, out int number)
                ? new Column(number.ToString(CultureInfo.InvariantCulture), number)
                : throw new JsonException("a column must be a name or a number; the first column is 1");
        }

        public override void Write(Utf8JsonWriter writer, Column value, JsonSerializerOptions options)
        {
            if (value.Number is int number)
            {
                writer.WriteNumberValue(number);
            }
            else
            {
                writer.WriteStringValue(value.Name);
            }
        }
    }
}
