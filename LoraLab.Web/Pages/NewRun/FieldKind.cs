namespace LoraLab.Web.Pages.NewRun;

/// <summary>The kind of input of a specification field.</summary>
public enum FieldKind
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary>A number; text that is not a number is sent as typed, and the server reports the error.</summary>
    Number,

    /// <summary>Words separated by commas.</summary>
    Words,

    /// <summary>Numbers separated by commas.</summary>
    Numbers,

    /// <summary>Names with numbers, <c>name: number</c>, separated by commas, or a JSON object.</summary>
    Pattern,

    /// <summary>One of several words.</summary>
    Choice,

    /// <summary>True or false.</summary>
    Switch,
}
