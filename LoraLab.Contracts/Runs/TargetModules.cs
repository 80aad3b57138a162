using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Runs;

/// <summary>
/// A list of linear layer names, or <c>"all-linear"</c>: every linear layer except the output head.
/// </summary>
[JsonConverter(typeof(TargetModulesConverter))]
public sealed record TargetModules
{
    /// <summary>JSON value for every linear layer except the output head.</summary>
    public const string AllLinearWord = "all-linear";

    private TargetModules(IReadOnlyList<string>? names) => Names = names;

    /// <summary>Every linear layer except the output head.</summary>
    public static TargetModules AllLinear { get; } = new((IReadOnlyList<string>?)null);

    /// <summary>The named layers; null: all of them.</summary>
    public IReadOnlyList<string>? Names { get; }

    /// <summary>True for <c>"all-linear"</c>.</summary>
    public bool IsAllLinear => Names is null;

    /// <summary>Creates a list of layers.</summary>
    public static TargetModules Of(params IReadOnlyList<string> names) => new(names);

    /// <summary>Returns true if both list the same layers in the same order.</summary>
    public bool Equals(TargetModules? other) =>
        other is not null && (Names is null ? other.Names is null : other.Names is not null && Names.SequenceEqual(other.Names));

    /// <inheritdoc />
    public override int GetHashCode() => Names is null ? 0 : Names.Aggregate(17, (hash, name) => HashCode.Combine(hash, name));

    /// <inheritdoc />
    public override string ToString() => Names is null ? AllLinearWord : string.Join(", ", Names);
}

/// <summary>Reads and writes <see cref="TargetModules"/> as a string or a list.</summary>
public sealed class TargetModulesConverter : JsonConverter<TargetModules>
{
    private const string Expected = "targetModules must be a list of layer names or \"all-linear\".";

    /// <inheritdoc />
    public override TargetModules Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString() == TargetModules.AllLinearWord ? TargetModules.AllLinear : throw new JsonException(Expected);
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException(Expected);
        }

        List<string> names = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            names.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException(Expected));
        }

        return TargetModules.Of(names);
    }

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, TargetModules value, JsonSerializerOptions options)
    {
        if (value.Names is null)
        {
            writer.WriteStringValue(TargetModules.AllLinearWord);
            return;
        }

        writer.WriteStartArray();
        foreach (string name in value.Names)
        {
            writer.WriteStringValue(name);
        }

        writer.WriteEndArray();
    }
}
