namespace LoraLab.Web.Pages.NewRun;

/// <summary>A field of the specification in the form.</summary>
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
}
