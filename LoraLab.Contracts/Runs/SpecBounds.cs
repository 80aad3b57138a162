using System.Globalization;

namespace LoraLab.Contracts.Runs;

/// <summary>Checks the values of a specification's fields against the bounds of their descriptions.</summary>
public static class SpecBounds
{
    /// <summary>Returns one sentence on what is wrong with a field's value, or null.</summary>
    public static string? Problem(this SpecFieldDescriptor field, RunSpec spec) => field.ValueOf(spec) switch
    {
        null => null,
        string text => Text(field, text),
        IReadOnlyList<string> words => Words(field, words),
        IReadOnlyList<int> numbers => Numbers(field, numbers),
        IReadOnlyDictionary<string, int> pattern => Pattern(field, pattern),
        IReadOnlyDictionary<string, double> pattern => Pattern(field, pattern),
        TargetModules { Names.Count: 0 } =>
            $"{field.Name} must be \"{TargetModules.AllLinearWord}\" or list at least one linear layer.",
        MicroBatch { Sentences: int sentences } => Number(field, sentences),
        (int or long or double) and var number => Number(field, number),
        _ => null,
    };

    /// <summary>The bounds of a number in words, for example <c>at least 0 and less than 1</c>; null: none.</summary>
    public static string? Range(this SpecFieldDescriptor field)
    {
        string[] bounds =
        [
            .. Bound("at least", field.Minimum),
            .. Bound("greater than", field.ExclusiveMinimum),
            .. Bound("less than", field.ExclusiveMaximum),
        ];
        return bounds.Length == 0 ? null : string.Join(" and ", bounds);
    }

    private static IEnumerable<string> Bound(string relation, double? bound) =>
        bound is double value ? [string.Create(CultureInfo.InvariantCulture, $"{relation} {value}")] : [];

    private static string? Number(SpecFieldDescriptor field, object value)
    {
        string auto = field.Kind == SpecFieldKind.AutoOrInteger ? "\"auto\" or " : "";
        string orNull = field.Attribute.OrNull is string purpose ? $", or null {purpose}" : "";
        return OutOfRange(field, value) is string range
            ? string.Create(CultureInfo.InvariantCulture, $"{field.Name} must be {auto}{range}{orNull}; it is {value}.")
            : null;
    }

    /// <summary>The range that a number is not in; null: it is.</summary>
    private static string? OutOfRange(SpecFieldDescriptor field, object value)
    {
        double number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        return double.IsFinite(number)
            && !(number < field.Minimum || number <= field.ExclusiveMinimum || number >= field.ExclusiveMaximum)
            ? null
            : field.Range();
    }

    private static string? Numbers(SpecFieldDescriptor field, IReadOnlyList<int> numbers)
    {
        string orNull = field.Attribute.OrNull is string purpose ? $", or be null {purpose}" : "";
        if (numbers.Count == 0)
        {
            return $"{field.Name} must list at least one number{orNull}.";
        }

        foreach (int number in numbers)
        {
            if (OutOfRange(field, number) is string range)
            {
                return $"{field.Name} must list numbers that are {range}; it lists {number}.";
            }
        }

        return null;
    }

    private static string? Pattern<TValue>(SpecFieldDescriptor field, IReadOnlyDictionary<string, TValue> pattern)
        where TValue : struct
    {
        if (pattern.Count > TextLimits.ModuleNames)
        {
            return $"{field.Name} must have at most {NumberFormat.Count(TextLimits.ModuleNames, "module")}; it has "
                + $"{NumberFormat.Count(pattern.Count)}.";
        }

        foreach ((string module, TValue value) in pattern)
        {
            if (Words(field, [module]) is not null)
            {
                return $"{field.Name} must have names of modules of 1 to {field.Attribute.MaxLength} characters that are not blank.";
            }

            if (OutOfRange(field, value) is string range)
            {
                return string.Create(
                    CultureInfo.InvariantCulture, $"{field.Name} must have numbers that are {range}; that of '{module}' is {value}.");
            }
        }

        return null;
    }

    private static string? Text(SpecFieldDescriptor field, string text)
    {
        SpecFieldAttribute limits = field.Attribute;
        bool tooLong = limits.MaxLength > 0 && text.Length > limits.MaxLength;
        if (limits.MinLength > 0)
        {
            return tooLong || text.Trim().Length < limits.MinLength
                ? $"{field.Name} must have {limits.MinLength} to {limits.MaxLength} characters and not be blank."
                : null;
        }

        return tooLong
            ? $"{field.Name} must have at most {NumberFormat.Count(limits.MaxLength, "character")}; it has "
                + $"{NumberFormat.Count(text.Length)}."
            : null;
    }

    private static string? Words(SpecFieldDescriptor field, IReadOnlyList<string> words) =>
        field.Attribute.MaxLength is > 0 and int longest && words.Any(word => string.IsNullOrWhiteSpace(word) || word.Length > longest)
            ? $"{field.Name} must be strings of 1 to {longest} characters and not be blank."
            : null;
}
