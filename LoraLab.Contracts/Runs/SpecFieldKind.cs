namespace LoraLab.Contracts.Runs;

/// <summary>The kind of value of a field of the specification, from the type of its property.</summary>
public enum SpecFieldKind
{
    /// <summary>A string.</summary>
    Text,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>An integer.</summary>
    Integer,

    /// <summary>A number.</summary>
    Number,

    /// <summary>One of several words: an enum.</summary>
    Choice,

    /// <summary><c>"auto"</c> or an integer (<see cref="MicroBatch"/>).</summary>
    AutoOrInteger,

    /// <summary>A list of strings.</summary>
    Words,

    /// <summary>A list of layer names, or <c>"all-linear"</c> (<see cref="TargetModules"/>).</summary>
    Layers,

    /// <summary>A JSON object.</summary>
    Options,

    /// <summary>A list of integers.</summary>
    Integers,

    /// <summary>A JSON object of module names or their ends, and numbers.</summary>
    Pattern,
}
