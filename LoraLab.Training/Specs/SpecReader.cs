using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Catalog;

namespace LoraLab.Training.Specs;

/// <summary>Reads a specification field by field, so that all errors are reported at once with their fields.</summary>
public static class SpecReader
{
    private static readonly IReadOnlyDictionary<string, PropertyInfo> _fields = typeof(RunSpec)
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.CanWrite)
        .ToDictionary(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name));

    private static readonly NullabilityInfoContext _nullability = new();

    /// <summary>Reads a specification; invalid fields keep their defaults and are added to <paramref name="errors"/>.</summary>
    public static RunSpec Read(JsonNode? json, ICollection<FieldError> errors)
    {
        RunSpec spec = new();
        if (json is not JsonObject document)
        {
            errors.Add(new("spec", "The run specification must be a JSON object."));
            return spec;
        }

        foreach ((string key, JsonNode? value) in document)
        {
            if (!_fields.TryGetValue(key, out PropertyInfo? field))
            {
                errors.Add(new(key, Suggestions.UnknownKey(key, key, [.. _fields.Keys])));
            }
            else if (value is null)
            {
                SetNull(spec, key, field, errors);
            }
            else
            {
                SetValue(spec, key, field, value, errors);
            }
        }

        return spec;
    }

    private static void SetNull(RunSpec spec, string key, PropertyInfo field, ICollection<FieldError> errors)
    {
        bool isNullable = Nullable.GetUnderlyingType(field.PropertyType) is not null
            || _nullability.Create(field).WriteState == NullabilityState.Nullable;
        if (isNullable)
        {
            field.SetValue(spec, null);
        }
        else
        {
            errors.Add(new(key, $"{key} must not be null; omit it to use the default."));
        }
    }

    private static void SetValue(RunSpec spec, string key, PropertyInfo field, JsonNode value, ICollection<FieldError> errors)
    {
        try
        {
            field.SetValue(spec, value.Deserialize(field.PropertyType, ContractJson.Options));
        }
        catch (JsonException e)
        {
            errors.Add(new(
                key,
                e.Message.StartsWith(key, StringComparison.Ordinal)
                    ? e.Message
                    : $"{key} must be {Describe(field.PropertyType)}; it is {Shorten(value)}."));
        }
    }

    private static string Describe(Type type)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain switch
        {
            { IsEnum: true } => $"one of {string.Join(", ", Enum.GetNames(plain).Select(JsonNamingPolicy.CamelCase.ConvertName))}",
            _ when plain == typeof(int) || plain == typeof(long) => "a whole number",
            _ when plain == typeof(double) => "a number",
            _ when plain == typeof(bool) => "true or false",
            _ when plain == typeof(string) => "a string",
            _ when plain == typeof(JsonObject) => "a JSON object",
            _ => "a list of strings",
        };
    }

    private static string Shorten(JsonNode value)
    {
        const int MaxLength = 60;
        string text = value.ToJsonString();
        return text.Length <= MaxLength ? text : text[..MaxLength] + "…";
    }
}
