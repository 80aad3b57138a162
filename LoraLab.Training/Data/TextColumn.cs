namespace LoraLab.Training.Data;

/// <summary>A text column of a dataset.</summary>
/// <param name="Name">Name by which a prompt refers to it, in braces.</param>
/// <param name="Column">Where it is in the files.</param>
public sealed record TextColumn(string Name, Column Column)
{
    /// <summary>Name that a prompt uses for the label.</summary>
    public const string Label = "label";

    /// <summary>Whether a prompt can refer to a column by this name.</summary>
    internal static bool IsName(string? name) =>
        !string.IsNullOrWhiteSpace(name) && name == name.Trim() && name != Label && name.AsSpan().IndexOfAny("{}\r\n") < 0;
}
