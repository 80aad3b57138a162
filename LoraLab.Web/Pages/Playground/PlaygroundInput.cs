namespace LoraLab.Web.Pages.Playground;

/// <summary>What the playground asks with.</summary>
public enum PlaygroundInput
{
    /// <summary>One input, with a field for each column.</summary>
    Row,

    /// <summary>Several inputs, one per line.</summary>
    List,

    /// <summary>A text to continue.</summary>
    Prompt,
}
