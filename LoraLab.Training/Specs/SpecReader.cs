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
    /// <summary>Reads a specification; invalid fields keep their defaults and are added to <paramref name="errors"/>.</summary>
    public static RunSpec Read(JsonNode? json, ICollection<FieldError> errors)
    {
        RunSpec spec = new();
        SpecFieldCatalog catalog = SpecFieldCatalog.Default;
        if (json is not JsonObject document)
        {
            errors.Add(new("spec", "The run specification must be a JSON object."));
            return spec;
        }

        foreach ((string key, JsonNode? value) in document)
        {
            if (catalog.Find(key) is not SpecFieldDescriptor field)
            {
                errors.Add(new(key, Suggestions.UnknownKey(key, key, [.. catalog.Names])));
            }
            else if (value is not null)
            {
                SetValue(spec, field, value, errors);
            }
            else if (field.IsNullable)
            {
                field.Property.SetValue(spec, null);
            }
            else
            {
                errors.Add(new(key, $"{key} must not be null; omit it to use the default."));
            }
        }

        return spec;
    }

    private static void SetValue(RunSpec spec, SpecFieldDescriptor field, JsonNode value, ICollection<FieldError> errors)
    {
        if (HasNullItem(value))
        {
            errors.Add(new(field.Name, $"{field.Name} has null in a list; leave the item out. It is {Shorten(value)}."));
            return;
        }

        try
        {
            field.Property.SetValue(spec, WholeNumbers(value).Deserialize(field.Property.PropertyType, ContractJson.Options));
        }
        catch (JsonException e)
        {
            errors.Add(new(
                field.Name,
                e.Message.StartsWith(field.Name, StringComparison.Ordinal)
                    ? e.Message
                    : $"{field.Name} must be {Describe(field)}; it is {Shorten(value)}."));
        }
    }

    /// <summary>Whether a list has null among its items, the value itself or one within: no field has such a list.</summary>
    private static bool HasNullItem(JsonNode value) => value switch
    {
        JsonArray items => items.Any(item => item is null || HasNullItem(item)),
        JsonObject inner => inner.Any(pair => pair.Value is not null && HasNullItem(pair.Value)),
        _ => false,
    };

    /// <summary>The value with numbers such as 8.0 as integers: a number without a fraction is the same number in JSON.</summary>
    private static JsonNode WholeNumbers(JsonNode value)
    {
        const double ExactBelow = 1L << 53;
        return value switch
        {
            JsonObject inner => new JsonObject(
                inner.Select(pair => KeyValuePair.Create(pair.Key, pair.Value is null ? null : WholeNumbers(pair.Value)))),
            JsonArray items => new JsonArray([.. items.Select(item => item is null ? null : WholeNumbers(item))]),
            _ when value.GetValueKind() == JsonValueKind.Number && value.AsValue().TryGetValue(out double number)
                && Math.Floor(number) == number && Math.Abs(number) < ExactBelow => JsonValue.Create((long)number),
            _ => value.DeepClone(),
        };
    }

    private static string Describe(SpecFieldDescriptor field) => field.Kind switch
    {
        SpecFieldKind.Choice => $"one of {string.Join(", ", field.Choices)}",
        SpecFieldKind.Integer => "a whole number",
        SpecFieldKind.Number => "a number",
        SpecFieldKind.Boolean => "true or false",
        SpecFieldKind.Text => "a string",
        SpecFieldKind.Options => "a JSON object",
        SpecFieldKind.Integers => "a list of whole numbers",
        SpecFieldKind.Pattern when field.Type == typeof(IReadOnlyDictionary<string, int>) => "an object of module names and whole numbers",
        SpecFieldKind.Pattern => "an object of module names and numbers",
        _ => "a list of strings",
    };

    private static string Shorten(JsonNode value)
    {
        const int MaxLength = 60;
        string text = value.ToJsonString();
        return text.Length <= MaxLength ? text : text[..MaxLength] + "…";
    }
}
