using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraLab.Training.Data;

/// <summary>
/// The text columns in <c>dataset.json</c>: a list of names, <c>["premise", "hypothesis"]</c>, or an object with the column of each name,
/// <c>{"premise": 1, "hypothesis": "Second text"}</c>.
/// </summary>
internal sealed class TextColumnsConverter : JsonConverter<IReadOnlyList<TextColumn>>
{
    private const string Expected = "must be a list of column names, or an object with the name or the number of each column";

    /// <inheritdoc />
    public override IReadOnlyList<TextColumn> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        bool isObject = reader.TokenType == JsonTokenType.StartObject;
        if (!isObject && reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException(Expected);
        }

        List<TextColumn> columns = [];
        while (reader.Read() && reader.TokenType is not (JsonTokenType.EndArray or JsonTokenType.EndObject))
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
            {
                throw new JsonException(Expected);
            }

            string name = reader.GetString()!;
            if (!isObject)
            {
                columns.Add(new(name, new Column(name)));
            }
            else if (reader.Read() && reader.TokenType is JsonTokenType.String or JsonTokenType.Number)
            {
                columns.Add(new(name, JsonSerializer.Deserialize<Column>(ref reader, options)!));
            }
            else
            {
                throw new JsonException(Expected);
            }
        }

        return columns;
    }

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, IReadOnlyList<TextColumn> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (TextColumn column in value)
        {
            writer.WritePropertyName(column.Name);
            JsonSerializer.Serialize(writer, column.Column, options);
        }

        writer.WriteEndObject();
    }
}
