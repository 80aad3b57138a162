namespace LoraLab.Training.Adapters;

/// <summary>Describes one option of a method; form, schema, validation and docs are generated from it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MethodOptionAttribute(string label, string help) : Attribute
{
    /// <summary>Name in the form, a few words.</summary>
    public string Label { get; } = label;

    /// <summary>Description, one sentence.</summary>
    public string Help { get; } = help;

    /// <summary>Minimum; NaN: none.</summary>
    public double Minimum { get; init; } = double.NaN;

    /// <summary>Maximum; NaN: none.</summary>
    public double Maximum { get; init; } = double.NaN;
}
