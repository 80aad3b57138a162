namespace LoraLab.Training.Models;

/// <summary>What attention of a layer has of its own.</summary>
/// <param name="Window">Number of tokens, itself included, that a token sees; null: all before it.</param>
/// <param name="Local">Whether it rotates by the frequencies of layers with a window, where the family has such.</param>
public sealed record LayerAttention(int? Window, bool Local)
{
    /// <summary>Value of <c>layer_types</c> for a layer that sees everything.</summary>
    public const string Full = "full_attention";

    /// <summary>Value of <c>layer_types</c> for a layer with a window.</summary>
    public const string Sliding = "sliding_attention";
}
