using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraLab.Training.Data;

/// <summary>Which rows of a dataset are its selection split: those of a file of their own, or training rows that are held out.</summary>
[JsonConverter(typeof(Converter))]
public sealed record SelectionRule
{
    /// <summary>Maximum number of held-out rows.</summary>
    public const int MaxRows = 872;

    /// <summary>The rule of a dataset that states none.</summary>
    public static SelectionRule Default { get; } = new();

    /// <summary>File of the rows in the dataset's folder, all of which are used; null: training rows are held out.</summary>
    public string? File { get; init; }

    /// <summary>Minimum number of words of a held-out row.</summary>
    public int MinWords { get; init; } = 10;

    /// <summary>Minimum number of held-out rows, with equally many per label.</summary>
    public int MinRows { get; init; } = 400;

    private sealed class Converter : JsonConverter<SelectionRule>
    {
        private const string Expected =
            "'selection' must be the name of a file, or an object with 'file', or with 'minWords' and 'minRows', whole numbers from 1";

        public override SelectionRule Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                return new SelectionRule { File = reader.GetString() };
            }

            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new JsonException(Expected);
            }

            SelectionRule rule = Default;
            foreach (JsonProperty member in document.RootElement.EnumerateObject())
            {
                rule = member.Name switch
                {
                    "file" when member.Value.ValueKind == JsonValueKind.String => rule with { File = member.Value.GetString() },
                    "minWords" => rule with { MinWords = Whole(member.Value) },
                    "minRows" => rule with { MinRows = Whole(member.Value) },
                    _ => throw new JsonException(Expected),
                };
            }

            return rule.File is null || rule == Default with { File = rule.File }
                ? rule
                : throw new JsonException(
                    "'selection' must have either 'file' or 'minWords' and 'minRows', because all rows of a file are used");
        }

        public override void Write(Utf8JsonWriter writer, SelectionRule value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            if (value.File is not null)
            {
                writer.WriteString("file", value.File);
            }
            else
            {
                writer.WriteNumber("minWords", value.MinWords);
                writer.WriteNumber("minRows", value.MinRows);
            }

            writer.WriteEndObject();
        }

        private static int Whole(JsonElement value) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            && Math.Floor(number) == number && number is >= 1 and <= int.MaxValue
                ? (int)number
                : throw new JsonException(Expected);
    }
}
