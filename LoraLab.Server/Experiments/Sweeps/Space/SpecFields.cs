using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>
/// The fields of the run specification that a sweep can search: from their descriptions, options from the method descriptors.
/// </summary>
/// <param name="catalog">The fields of the specification.</param>
internal sealed class SpecFields(SpecFieldCatalog catalog)
{
    public const string OptionPrefix = "methodOptions.";

    /// <summary>The fields of <see cref="RunSpec"/>.</summary>
    public static SpecFields Default { get; } = new(SpecFieldCatalog.Default);

    /// <summary>
    /// Fields that change the number of steps or the meaning of an evaluation at a step; a pruner, which compares runs at a step,
    /// excludes them.
    /// </summary>
    public IReadOnlySet<string> AffectingSteps { get; } = catalog.With(SpecRoles.Steps);

    /// <summary>Fields that change which rows are evaluated.</summary>
    public IReadOnlySet<string> AffectingRows { get; } = catalog.Where(field => field.Has(SpecRoles.Data) && field.Has(SpecRoles.Steps));

    /// <summary>The fields that can be searched.</summary>
    public IEnumerable<string> Names { get; } = catalog.Where(field => field.NotSearched is null);

    /// <summary>One sentence on why a field cannot be searched; null: it can.</summary>
    public string? RefusalReason(string field, IReadOnlyList<MethodDescriptor> methods)
    {
        SpecFieldDescriptor? described = catalog.Find(field);
        if (described is not null)
        {
            return described.NotSearched is string reason ? $"{field} {reason}." : null;
        }

        if (field.StartsWith(OptionPrefix, StringComparison.Ordinal))
        {
            string option = field[OptionPrefix.Length..];
            if (methods.Count == 0)
            {
                return $"'{field}' is an option of a method, but spec has no valid method.";
            }

            MethodDescriptor? without = methods.FirstOrDefault(method => method.Options.All(known => known.Name != option));
            return without is null ? null : $"'{field}' is not an option of {without.Id}; {Options(without)}";
        }

        return $"'{field}' is not a field of the run specification; the fields are {string.Join(", ", Names)}, "
            + $"and {OptionPrefix}NAME for the options of the method.";
    }

    /// <summary>The type of a field that has no <see cref="RefusalReason"/>.</summary>
    public FieldType TypeOf(string field, IReadOnlyList<MethodDescriptor> methods) =>
        field.StartsWith(OptionPrefix, StringComparison.Ordinal)
            ? OfOption(methods.SelectMany(method => method.Options).First(option => option.Name == field[OptionPrefix.Length..]))
            : OfField(catalog[field]);

    /// <summary>
    /// The value of a field that is not searched: from the specification, otherwise the default of the contract or the method; null if
    /// there is none.
    /// </summary>
    public JsonNode? ValueIn(JsonObject spec, string field, IReadOnlyList<MethodDescriptor> methods)
    {
        if (field.StartsWith(OptionPrefix, StringComparison.Ordinal))
        {
            string option = field[OptionPrefix.Length..];
            return (spec["methodOptions"] as JsonObject)?[option]
                ?? methods.SelectMany(method => method.Options).FirstOrDefault(known => known.Name == option)?.Default;
        }

        if (spec.TryGetPropertyValue(field, out JsonNode? given) && given is not null)
        {
            return given;
        }

        return field == "learningRate" && methods.Count == 1 ? JsonValue.Create(methods[0].DefaultLearningRate) : catalog.Defaults[field];
    }

    /// <summary>Sets a field of a specification.</summary>
    public static void Set(JsonObject spec, string field, JsonNode? value)
    {
        if (!field.StartsWith(OptionPrefix, StringComparison.Ordinal))
        {
            spec[field] = value?.DeepClone();
            return;
        }

        if (spec["methodOptions"] is not JsonObject options)
        {
            spec["methodOptions"] = options = [];
        }

        options[field[OptionPrefix.Length..]] = value?.DeepClone();
    }

    private static string Options(MethodDescriptor method) =>
        method.Options.Count == 0 ? "it has none." : $"its options are {string.Join(", ", method.Options.Select(option => option.Name))}.";

    private static FieldType OfOption(MethodOption option) => option.Type switch
    {
        "number" => new FieldType(true, false, "a number", value => Number(value) is not null),
        "integer" => new FieldType(true, true, "an integer", value => Number(value) is { } number && double.IsInteger(number)),
        "boolean" =>
            new FieldType(false, false, "true or false", value => value?.GetValueKind() is JsonValueKind.True or JsonValueKind.False),
        "list" => new FieldType(false, false, "a list of names", value => value is JsonArray list
            && list.All(name => name?.GetValueKind() == JsonValueKind.String)),
        _ => new FieldType(false, false, $"one of {string.Join(", ", option.Choices)}", value =>
            value?.GetValueKind() == JsonValueKind.String && option.Choices.Contains(value.GetValue<string>())),
    };

    private static FieldType OfField(SpecFieldDescriptor field)
    {
        string expected = field.Kind switch
        {
            SpecFieldKind.Choice => $"one of {string.Join(", ", field.Choices)}",
            SpecFieldKind.Integer => "an integer",
            SpecFieldKind.Number => "a number",
            SpecFieldKind.Boolean => "true or false",
            SpecFieldKind.Text => "a string",
            SpecFieldKind.AutoOrInteger => "\"auto\" or an integer",
            SpecFieldKind.Words => "a list of strings",
            SpecFieldKind.Integers => "a list of integers",
            SpecFieldKind.Pattern => "an object of module names and numbers",
            _ => "a list of layer names or \"all-linear\"",
        };
        return new FieldType(
            field.Kind is SpecFieldKind.Integer or SpecFieldKind.Number,
            field.Kind == SpecFieldKind.Integer,
            field.IsNullable ? $"{expected}, or null" : expected,
            value => value is null ? field.IsNullable : CanRead(value, field.Type));
    }

    private static bool CanRead(JsonNode value, Type type)
    {
        try
        {
            return value.Deserialize(type, ContractJson.Options) is not null && (type != typeof(double) || Number(value) is not null);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The value as a finite number; null if it is not one.</summary>
    public static double? Number(JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.Number && value.Deserialize<double>() is double number && double.IsFinite(number)
            ? number
            : null;
}
