using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Catalog;

namespace LoraLab.Training.Specs;

/// <summary>Reads a specification field by field, so that every mistake is told at once and by name.</summary>
public static class SpecReader
{
    private static readonly IReadOnlyDictionary<string, PropertyInfo> Fields = typeof(RunSpec)
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.CanWrite)
        .ToDictionary(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name));

    private static readonly NullabilityInfoContext Nullability = new();

    /// <summary>The specification; fields that are wrong keep their default and are told in <paramref name="errors"/>.</summary>
    public static RunSpec Read(JsonNode? json, ICollection<FieldError> errors)
    {
        RunSpec spec = new();
        if (json is not JsonObject given)
        {
            errors.Add(new("spec", "The run specification must be a JSON object."));
            return spec;
        }

        foreach ((string key, JsonNode? value) in given)
        {
            if (!Fields.TryGetValue(key, out PropertyInfo? field))
            {
                errors.Add(new(key, Suggestions.UnknownKey(key, key, [.. Fields.Keys])));
            }
            else if (value is null)
            {
                Null(spec, key, field, errors);
            }
            else
            {
                Value(spec, key, field, value, errors);
            }
        }

        return spec;
    }

    private static void Null(RunSpec spec, string key, PropertyInfo field, ICollection<FieldError> errors)
    {
        bool mayBeNull = Nullable.GetUnderlyingType(field.PropertyType) is not null || Nullability.Create(field).WriteState == NullabilityState.Nullable;
        if (mayBeNull)
        {
            field.SetValue(spec, null);
        }
        else
        {
            errors.Add(new(key, $"{key} must not be null; leave it out for its default."));
        }
    }

    private static void Value(RunSpec spec, string key, PropertyInfo field, JsonNode value, ICollection<FieldError> errors)
    {
        try
        {
            field.SetValue(spec, value.Deserialize(field.PropertyType, ContractJson.Options));
        }
        catch (JsonException e)
        {
            errors.Add(new(key, e.Message.StartsWith(key, StringComparison.Ordinal) ? e.Message : $"{key} must be {Expected(field.PropertyType)}; it is {Shown(value)}."));
        }
    }

    private static string Expected(Type type)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain switch
        {
            { IsEnum: true } => $"one of {string.Join(", ", Enum.GetNames(plain).Select(JsonNamingPolicy.CamelCase.ConvertName))}",
            _ when plain == typeof(int) || plain == typeof(long) => "a whole number",
            _ when plain == typeof(double) => "a number",
            _ when plain == typeof(bool) => "true or false",
            _ when plain == typeof(string) => "a text",
            _ when plain == typeof(JsonObject) => "a JSON object",
            _ => "a list of texts",
        };
    }

    private static string Shown(JsonNode value)
    {
        const int Longest = 60;
        string text = value.ToJsonString();
        return text.Length <= Longest ? text : text[..Longest] + "…";
    }
}
