namespace LoraLab.Web.Pages.NewRun;

/// <summary>A field of the specification in the form.</summary>
/// <param name="Name">JSON name.</param>
/// <param name="Label">What it is called.</param>
/// <param name="Kind">How it is entered.</param>
/// <param name="Help">One short sentence.</param>
public sealed record FormField(string Name, string Label, FieldKind Kind, string? Help = null)
{
    /// <summary>Words of a choice.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>What an empty field means.</summary>
    public string? Placeholder { get; init; }

    /// <summary>True where an empty field stands for null.</summary>
    public bool Nullable { get; init; }

    /// <summary>Shown only when asked for.</summary>
    public bool Advanced { get; init; }
}
