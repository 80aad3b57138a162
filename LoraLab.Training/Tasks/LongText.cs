namespace LoraLab.Training.Tasks;

/// <summary>
/// Texts that are too long for every model. They are found by their characters, because to encode one may take longer than all other rows.
/// </summary>
internal static class LongText
{
    /// <summary>Most characters of a text that is encoded.</summary>
    public const int MaxCharacters = 1_000_000;

    /// <summary>The first characters of a text; half a character counts as none.</summary>
    public static string Beginning(string text, int length) => length >= text.Length ? text
        : text[..(length > 0 && char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
}
