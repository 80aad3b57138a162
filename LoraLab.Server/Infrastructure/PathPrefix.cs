using System.Text.RegularExpressions;

namespace LoraLab.Server.Infrastructure;

/// <summary>The path under which a proxy publishes the server, such as <c>/lab</c>.</summary>
internal static partial class PathPrefix
{
    /// <summary>What a prefix may look like, for messages.</summary>
    public const string Form = "it must be one or more segments of letters, digits and . _ ~ -, such as /lab, without a slash at the end";

    /// <summary>Whether the text is a prefix; segments of dots would be resolved by browsers.</summary>
    public static bool IsValid(string text) => Segments().IsMatch(text) && !text.Split('/').Any(segment => segment is "." or "..");

    [GeneratedRegex("^(/[A-Za-z0-9._~-]+)+\\z")]
    private static partial Regex Segments();
}
