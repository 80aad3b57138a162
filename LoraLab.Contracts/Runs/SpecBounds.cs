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
        double number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        if (field.Range() is not string range || (double.IsFinite(number)
            && !(number < field.Minimum || number <= field.ExclusiveMinimum || number >= field.ExclusiveMaximum)))
        {
            return null;
        }

        string auto = field.Kind == SpecFieldKind.AutoOrInteger ? "\"auto\" or " : "";
        string orNull = field.Attribute.OrNull is string purpose ? $", or null {purpose}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{field.Name} must be {auto}{range}{orNull}; it is {value}.");
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

        return tooLong ? $"{field.Name} must have at most {limits.MaxLength} characters; it has {text.Length}." : null;
    }

    private static string? Words(SpecFieldDescriptor field, IReadOnlyList<string> words) =>
        field.Attribute.MaxLength is > 0 and int longest && words.Any(word => string.IsNullOrWhiteSpace(word) || word.Length > longest)
            ? $"{field.Name} must be strings of 1 to {longest} characters and not be blank."
            : null;
}
