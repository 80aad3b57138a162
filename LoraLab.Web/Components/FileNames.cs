namespace LoraLab.Web.Components;

/// <summary>Names of saved files.</summary>
internal static class FileNames
{
    private const int MaxLength = 60;

    /// <summary>A display name as part of a file name: lowercase letters, digits and hyphens; <c>unnamed</c> if it has neither.</summary>
    internal static string Of(string name)
    {
        string replaced = new([.. name.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-')]);
        string joined = string.Join('-', replaced.Split('-', StringSplitOptions.RemoveEmptyEntries));
        return joined.Length == 0 ? "unnamed" : joined.Length > MaxLength ? joined[..MaxLength] : joined;
    }
}
