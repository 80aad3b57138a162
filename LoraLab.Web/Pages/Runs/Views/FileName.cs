using System.Text.RegularExpressions;

namespace LoraLab.Web.Pages.Runs.Views;

/// <summary>Names of files that say what they are.</summary>
internal static partial class FileName
{
    /// <summary>A name without what file systems refuse, in lower case.</summary>
    internal static string Of(string name) => Unsafe().Replace(name.ToLowerInvariant(), "-").Trim('-');

    [GeneratedRegex(@"[^\p{L}\p{Nd}]+")]
    private static partial Regex Unsafe();
}
