namespace LoraLab.Training.Adapters;

/// <summary>Describes one option of a method; form, schema, validation and docs are made from it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MethodOptionAttribute(string help) : Attribute
{
    /// <summary>One sentence.</summary>
    public string Help { get; } = help;

    /// <summary>Smallest value; NaN: none.</summary>
    public double Minimum { get; init; } = double.NaN;

    /// <summary>Largest value; NaN: none.</summary>
    public double Maximum { get; init; } = double.NaN;
}
