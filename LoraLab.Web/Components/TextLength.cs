using LoraLab.Contracts;

namespace LoraLab.Web.Components;

/// <summary>What is said of a text that is too long. A field never cuts what is typed or pasted into it.</summary>
internal static class TextLength
{
    /// <summary>One sentence; null: the text is not too long.</summary>
    /// <param name="what">What the text is, with an article: <c>A tag</c>.</param>
    /// <param name="text">The text.</param>
    /// <param name="maximum">Maximum number of characters.</param>
    public static string? Problem(string what, string text, int maximum) => text.Length <= maximum ? null
        : $"{what} has at most {NumberFormat.Count(maximum, "character")}; this has {NumberFormat.Count(text.Length)}.";
}
