using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Contracts;

namespace LoraLab.Server.Infrastructure;

/// <summary>
/// How responses are written: by the contract's conventions, but a value that may be null is null where it is not finite, since a JSON
/// number cannot represent it.
/// </summary>
internal static class ApiJson
{
    public static JsonSerializerOptions Options { get; } = new(ContractJson.Options) { Converters = { new FiniteOrNull() } };

    public static JsonSerializerOptions Indented { get; } = new(Options) { WriteIndented = true };

    public static void Apply(JsonSerializerOptions options)
    {
        ContractJson.Apply(options);
        options.Converters.Add(new FiniteOrNull());
    }

    private sealed class FiniteOrNull : JsonConverter<double?>
    {
        public override double? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? null : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double? value, JsonSerializerOptions options)
        {
            if (value is { } number && double.IsFinite(number))
            {
                writer.WriteNumberValue(number);
            }
            else
            {
                writer.WriteNullValue();
            }
        }
    }
}
