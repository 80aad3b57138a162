using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>An input of a form.</summary>
/// <param name="Name">JSON name.</param>
/// <param name="Label">The label.</param>
/// <param name="Kind">The kind of input.</param>
/// <param name="Help">A short help text.</param>
public sealed record FormField(string Name, string Label, FieldKind Kind, string? Help = null)
{
    /// <summary>The words of a choice.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>The meaning of an empty field.</summary>
    public string? Placeholder { get; init; }

    /// <summary>Whether an empty field means null.</summary>
    public bool Nullable { get; init; }

    /// <summary>Whether the field is hidden until more settings are shown.</summary>
    public bool Advanced { get; init; }

    /// <summary>The input of a field of the specification.</summary>
    internal static FormField From(SpecFieldDescriptor field) => new(
        field.Name,
        LabelWithUnit(field.Attribute),
        field.Kind switch
        {
            SpecFieldKind.Integer or SpecFieldKind.Number or SpecFieldKind.AutoOrInteger => FieldKind.Number,
            SpecFieldKind.Choice => FieldKind.Choice,
            SpecFieldKind.Boolean => FieldKind.Switch,
            SpecFieldKind.Words => FieldKind.Words,
            SpecFieldKind.Integers => FieldKind.Numbers,
            SpecFieldKind.Pattern => FieldKind.Pattern,
            _ => FieldKind.Text,
        },
        // JSON has null where the form has an empty field.
        field.Attribute.Help.TrimEnd('.').Replace("; null:", "; empty:", StringComparison.Ordinal))
    {
        Choices = field.Choices,
        Placeholder = field.Attribute.Placeholder,
        Nullable = field.IsNullable,
        Advanced = field.Attribute.Advanced,
    };

    // The unit, unless label or help say it.
    private static string LabelWithUnit(SpecFieldAttribute field) =>
        field.Unit is string unit && !$"{field.Label} {field.Help}".Contains(unit, StringComparison.OrdinalIgnoreCase)
            ? $"{field.Label} ({unit})"
            : field.Label;
}
