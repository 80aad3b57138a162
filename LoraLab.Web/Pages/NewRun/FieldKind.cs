namespace LoraLab.Web.Pages.NewRun;

/// <summary>How a field of the specification is entered.</summary>
public enum FieldKind
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary>A number; what cannot be read as one is sent as it was typed, and the server says what is wrong.</summary>
    Number,

    /// <summary>One of some words.</summary>
    Choice,

    /// <summary>True or false.</summary>
    Switch,
}
