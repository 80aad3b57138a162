using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Runs;

/// <summary>Sentences per forward pass, or <c>"auto"</c>.</summary>
/// <param name="Sentences">Number of sentences; null: auto.</param>
[JsonConverter(typeof(MicroBatchConverter))]
public readonly record struct MicroBatch(int? Sentences)
{
    /// <summary>Chosen by the engine.</summary>
    public static MicroBatch Auto => new(null);

    /// <inheritdoc />
    public override string ToString() => Sentences?.ToString(CultureInfo.InvariantCulture) ?? "auto";
}

/// <summary>Reads and writes <see cref="MicroBatch"/> as a number or <c>"auto"</c>.</summary>
public sealed class MicroBatchConverter : JsonConverter<MicroBatch>
{
    /// <inheritdoc />
    public override MicroBatch Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetInt32(out int sentences) => new(sentences),
        JsonTokenType.String when reader.GetString() == "auto" => MicroBatch.Auto,
        _ => throw new JsonException("microBatch must be \"auto\" or a whole number of sentences."),
    };

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, MicroBatch value, JsonSerializerOptions options)
    {
        if (value.Sentences is int sentences)
        {
            writer.WriteNumberValue(sentences);
        }
        else
        {
            writer.WriteStringValue("auto");
        }
    }
}
