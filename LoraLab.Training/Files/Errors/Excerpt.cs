namespace LoraLab.Training.Files.Errors;

/// <summary>Text from a file, made safe for a message: a hostile file must not control a message's length or line breaks.</summary>
internal static class Excerpt
{
    private const int MaxLength = 240;

    /// <summary>The text itself if it is short and printable; else its beginning and end, with a dot for each control character.</summary>
    public static string Of(string text)
    {
        string shown = text.Length > MaxLength
            ? string.Concat(text.AsSpan(0, MaxLength / 2), " … ", text.AsSpan(text.Length - (MaxLength / 2)))
            : text;
        return shown.Any(IsUnprintable) ? string.Concat(shown.Select(c => IsUnprintable(c) ? '·' : c)) : shown;
    }

    /// <summary>The first of several texts, separated by commas.</summary>
    public static string Of(IEnumerable<string> texts)
    {
        const int MaxCount = 12;
        string[] first = [.. texts.Take(MaxCount + 1)];
        return string.Join(", ", first.Take(MaxCount).Select(Of)) + (first.Length > MaxCount ? ", …" : "");
    }

    private static bool IsUnprintable(char c) => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029';
}
