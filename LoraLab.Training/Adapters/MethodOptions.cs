using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Catalog;

namespace LoraLab.Training.Adapters;

/// <summary>Binds <c>methodOptions</c> to a record and describes the record, both from its attributes.</summary>
internal static class MethodOptions
{
    private const string Prefix = "methodOptions.";
    private const string List = "list";

    /// <summary>The options of a record type, in declaration order.</summary>
    public static IReadOnlyList<MethodOption> Describe(Type type)
    {
        object defaults = Activator.CreateInstance(type)!;
        return [.. Properties(type).Select(pair => new MethodOption
        {
            Name = Name(pair.Property),
            Type = TypeName(ValueType(pair.Property)),
            Label = pair.Option.Label,
            Help = pair.Option.Help,
            Default = JsonSerializer.SerializeToNode(pair.Property.GetValue(defaults), pair.Property.PropertyType, ContractJson.Options),
            Choices = pair.Property.PropertyType.IsEnum ? [.. ChoiceNames(pair.Property.PropertyType)] : [],
            Minimum = double.IsNaN(pair.Option.Minimum) ? null : pair.Option.Minimum,
            Maximum = double.IsNaN(pair.Option.Maximum) ? null : pair.Option.Maximum,
        })];
    }

    /// <summary>JSON Schema (2020-12) of the options.</summary>
    public static JsonObject Schema(IReadOnlyList<MethodOption> options)
    {
        JsonObject properties = [];
        foreach (MethodOption option in options)
        {
            JsonObject property = new()
            {
                ["title"] = option.Label,
                ["type"] = Types(option),
                ["description"] = option.Help,
                ["default"] = option.Default?.DeepClone(),
            };
            if (option.Choices.Count > 0)
            {
                property["enum"] = new JsonArray([.. option.Choices.Select(choice => (JsonNode?)choice)]);
            }

            if (option.Type == List)
            {
                property["items"] = new JsonObject { ["type"] = "string" };
            }

            if (option.Minimum is double minimum)
            {
                property["minimum"] = minimum;
            }

            if (option.Maximum is double maximum)
            {
                property["maximum"] = maximum;
            }

            properties[option.Name] = property;
        }

        return new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
    }

    /// <summary>Binds options; invalid ones are reported in <paramref name="errors"/> and keep their default.</summary>
    public static object Bind(Type type, JsonObject given, ICollection<FieldError> errors)
    {
        object options = Activator.CreateInstance(type)!;
        List<(PropertyInfo Property, MethodOptionAttribute Option)> known = [.. Properties(type)];
        foreach ((string key, JsonNode? value) in given)
        {
            (PropertyInfo property, MethodOptionAttribute option) = known.Find(pair => Name(pair.Property) == key);
            if (property is null)
            {
                errors.Add(new(Prefix + key, Suggestions.UnknownKey(Prefix + key, key, [.. known.Select(pair => Name(pair.Property))])));
            }
            else if (Problem(property, option, value) is string problem)
            {
                errors.Add(new(Prefix + key, $"{Prefix}{key} {problem}"));
            }
            else
            {
                property.SetValue(options, Deserialize(value, property.PropertyType));
            }
        }

        return options;
    }

    // Without a default, null stands for one that follows from the run.
    private static JsonNode Types(MethodOption option)
    {
        string type = option.Type switch { "choice" => "string", List => "array", _ => option.Type };
        return option.Default is null ? new JsonArray(type, "null") : type;
    }

    private static string? Problem(PropertyInfo property, MethodOptionAttribute option, JsonNode? value)
    {
        if (value is null && Nullable.GetUnderlyingType(property.PropertyType) is not null)
        {
            return null;
        }

        object? read;
        try
        {
            read = Deserialize(value, property.PropertyType);
        }
        catch (JsonException)
        {
            read = null;
        }

        if (read is null)
        {
            return property.PropertyType.IsEnum
                ? $"must be one of {string.Join(", ", ChoiceNames(property.PropertyType))}."
                : $"must be {Expected(ValueType(property))}.";
        }

        if (property.PropertyType.IsEnum || read is bool or IReadOnlyList<string>)
        {
            return null;
        }

        double number = Convert.ToDouble(read, CultureInfo.InvariantCulture);
        return number < option.Minimum || number > option.Maximum
            ? string.Create(CultureInfo.InvariantCulture, $"must be {Range(option)}; it is {number:R}.")
            : null;
    }

    private static string Expected(Type type) => TypeName(type) switch
    {
        "integer" => "an integer",
        List => "a list of names",
        string name => $"a {name}",
    };

    private static string Range(MethodOptionAttribute option) => (double.IsNaN(option.Minimum), double.IsNaN(option.Maximum)) switch
    {
        (false, false) => string.Create(CultureInfo.InvariantCulture, $"from {option.Minimum:R} to {option.Maximum:R}"),
        (false, true) => string.Create(CultureInfo.InvariantCulture, $"at least {option.Minimum:R}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"at most {option.Maximum:R}"),
    };

    // The serializer matches names that an attribute sets only in their exact case; choices are accepted in any case.
    private static object? Deserialize(JsonNode? value, Type type)
    {
        string? text = type.IsEnum && value is JsonValue literal && literal.TryGetValue(out string? given) ? given : null;
        string? choice = text is null
            ? null
            : ChoiceNames(type).FirstOrDefault(name => name.Equals(text, StringComparison.OrdinalIgnoreCase));
        return (choice is null ? value : JsonValue.Create(choice))?.Deserialize(type, ContractJson.Options);
    }

    // The names that the JSON serializer reads and writes, in declaration order.
    private static IEnumerable<string> ChoiceNames(Type type) =>
        Enum.GetValuesAsUnderlyingType(type).Cast<object>()
            .Select(value => JsonSerializer.Serialize(Enum.ToObject(type, value), type, ContractJson.Options).Trim('"'));

    private static string TypeName(Type type) => type switch
    {
        { IsEnum: true } => "choice",
        _ when type == typeof(bool) => "boolean",
        _ when type == typeof(int) => "integer",
        _ when type == typeof(IReadOnlyList<string>) => List,
        _ => "number",
    };

    private static Type ValueType(PropertyInfo property) => Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;

    private static string Name(PropertyInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    private static IEnumerable<(PropertyInfo Property, MethodOptionAttribute Option)> Properties(Type type) =>
        type.GetProperties().Select(property => (property, property.GetCustomAttribute<MethodOptionAttribute>()!))
            .Where(pair => pair.Item2 is not null);
}
