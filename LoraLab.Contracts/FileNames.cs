using System.Text.RegularExpressions;

namespace LoraLab.Contracts;

/// <summary>Names of downloaded files, which say what the files are.</summary>
public static partial class FileNames
{
    private const int Longest = 60;

    /// <summary>
    /// A name as a part of a file name: lowercase letters, digits and hyphens, not too long; <c>unnamed</c> if nothing is left.
    /// </summary>
    public static string Part(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string part = Unsafe().Replace(name.ToLowerInvariant(), "-").Trim('-');
        int cut = part.Length <= Longest ? part.Length : char.IsHighSurrogate(part[Longest - 1]) ? Longest - 1 : Longest;
        return part.Length == 0 ? "unnamed" : part[..cut].TrimEnd('-');
    }

    /// <summary>A file name of its parts, without the empty ones, joined by hyphens.</summary>
    public static string Of(string extension, params IEnumerable<string> parts) =>
        $"{string.Join('-', parts.Where(part => part.Length > 0))}.{extension}";

    [GeneratedRegex(@"[^\p{L}\p{Nd}]+")]
    private static partial Regex Unsafe();
}
