namespace LoraLab.Training.Files.Errors;

/// <summary>Text of a file as a message shows it: a hostile file must not choose the length or the lines of a message.</summary>
internal static class Excerpt
{
    private const int Longest = 240;

    /// <summary>The text itself where it is short and plain; else its beginning and end, with a dot for each control character.</summary>
    public static string Of(string text)
    {
        string shown = text.Length > Longest ? string.Concat(text.AsSpan(0, Longest / 2), " … ", text.AsSpan(text.Length - (Longest / 2))) : text;
        return shown.Any(IsUnfit) ? string.Concat(shown.Select(c => IsUnfit(c) ? '·' : c)) : shown;
    }

    /// <summary>The first of several texts, joined by commas.</summary>
    public static string Of(IEnumerable<string> texts)
    {
        const int Most = 12;
        string[] first = [.. texts.Take(Most + 1)];
        return string.Join(", ", first.Take(Most).Select(Of)) + (first.Length > Most ? ", …" : "");
    }

    private static bool IsUnfit(char c) => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029';
}
