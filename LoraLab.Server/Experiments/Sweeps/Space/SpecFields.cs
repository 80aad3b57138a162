using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>
/// The fields of the run specification that a sweep can search: types from the contract, options from the method descriptors.
/// </summary>
internal static class SpecFields
{
    public const string OptionPrefix = "methodOptions.";
    private const string Descriptive = "only describes a run and has no effect on its results";

    /// <summary>
    /// Fields that change the number of steps or the meaning of an evaluation at a step; a pruner, which compares runs at a step,
    /// excludes them.
    /// </summary>
    public static readonly IReadOnlySet<string> AffectingSteps =
        new HashSet<string>(
        [
            "model", "dataset", "dataSeed", "dataOffset", "trainSamples", "effectiveBatch", "epochs", "maxSteps", "scheduleSteps",
            "evalEvery", "evalSamples",
        ]);

    /// <summary>Fields that change which rows are evaluated.</summary>
    public static readonly IReadOnlySet<string> AffectingRows =
        new HashSet<string>(["dataset", "dataSeed", "dataOffset", "trainSamples", "evalSamples"]);

    private static readonly Dictionary<string, string> _refused = new()
    {
        ["name"] = Descriptive,
        ["notes"] = Descriptive,
        ["tags"] = Descriptive,
        ["priority"] = "affects the queue only, not the results",
        ["evalSplit"] = "is selection in every run of a sweep: selecting on the reported rows would bias the reported result",
        ["methodOptions"] = "cannot be searched as a whole; search an option, for example methodOptions.lrRatio",
    };

    private static readonly IReadOnlyDictionary<string, PropertyInfo> _plain = typeof(RunSpec)
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.CanWrite)
        .ToDictionary(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name));

    private static readonly JsonObject _defaults = (JsonObject)JsonSerializer.SerializeToNode(new RunSpec(), ContractJson.Options)!;

    private static readonly NullabilityInfoContext _nullability = new();

    public static IEnumerable<string> Names => _plain.Keys.Where(name => !_refused.ContainsKey(name));

    /// <summary>One sentence on why a field cannot be searched; null: it can.</summary>
    public static string? RefusalReason(string field, IReadOnlyList<MethodDescriptor> methods)
    {
        if (_refused.TryGetValue(field, out string? reason))
        {
            return $"{field} {reason}.";
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

        return _plain.ContainsKey(field)
            ? null
            : $"'{field}' is not a field of the run specification; the fields are {string.Join(", ", Names)}, "
                + $"and {OptionPrefix}NAME for the options of the method.";
    }

    /// <summary>The type of a field that has no <see cref="RefusalReason"/>.</summary>
    public static FieldType TypeOf(string field, IReadOnlyList<MethodDescriptor> methods) =>
        field.StartsWith(OptionPrefix, StringComparison.Ordinal)
            ? OfOption(methods.SelectMany(method => method.Options).First(option => option.Name == field[OptionPrefix.Length..]))
            : OfProperty(_plain[field]);

    /// <summary>
    /// The value of a field that is not searched: from the specification, otherwise the default of the contract or the method; null if
    /// there is none.
    /// </summary>
    public static JsonNode? ValueIn(JsonObject spec, string field, IReadOnlyList<MethodDescriptor> methods)
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

        return field == "learningRate" && methods.Count == 1 ? JsonValue.Create(methods[0].DefaultLearningRate) : _defaults[field];
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
        _ => new FieldType(false, false, $"one of {string.Join(", ", option.Choices)}", value =>
            value?.GetValueKind() == JsonValueKind.String && option.Choices.Contains(value.GetValue<string>())),
    };

    private static FieldType OfProperty(PropertyInfo property)
    {
        Type plain = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        bool nullable = plain != property.PropertyType || _nullability.Create(property).WriteState == NullabilityState.Nullable;
        bool integer = plain == typeof(int) || plain == typeof(long);
        string expected = plain switch
        {
            { IsEnum: true } => $"one of {string.Join(", ", Enum.GetNames(plain).Select(JsonNamingPolicy.CamelCase.ConvertName))}",
            _ when integer => "an integer",
            _ when plain == typeof(double) => "a number",
            _ when plain == typeof(bool) => "true or false",
            _ when plain == typeof(string) => "a string",
            _ when plain == typeof(MicroBatch) => "\"auto\" or an integer",
            _ => "a list of layer names or \"all-linear\"",
        };
        return new FieldType(integer || plain == typeof(double), integer, nullable ? $"{expected}, or null" : expected, value =>
            value is null ? nullable : CanRead(value, plain));
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
