namespace LoraLab.Contracts.Runs.Fields;

/// <summary>The kind of value of a field of a run.</summary>
public enum RunFieldKind
{
    /// <summary>A number (<see cref="double"/>).</summary>
    Number,

    /// <summary>A text.</summary>
    Text,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A moment (<see cref="DateTimeOffset"/>).</summary>
    Time,

    /// <summary>Several texts, of which any may match.</summary>
    Words,

    /// <summary>A number, a text, or true or false: an option of a method.</summary>
    Any,
}
