using System.Text.RegularExpressions;
using LoraLab.Contracts.Catalog;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Library;

/// <summary>Names of datasets that are made of uploads: names of folders on every system.</summary>
internal static partial class LibraryNames
{
    private static readonly string[] _devices = ["con", "prn", "aux", "nul"];

    /// <summary>Checks a name.</summary>
    /// <exception cref="ApiFailure">It cannot be the name of a folder everywhere.</exception>
    public static void Require(string name)
    {
        if (!Name().IsMatch(name) || name.EndsWith('.') || _devices.Contains(name.Split('.')[0].ToLowerInvariant()))
        {
            throw ApiFailure.Invalid("name", $"name is '{ApiFailure.Shorten(name)}'; it must have 1 to {UploadPatch.MaximumName} letters, "
                + "digits, dots, dashes or underscores, and begin with a letter or digit.");
        }
    }

    /// <summary>A name made of that of a file.</summary>
    public static string Proposed(string file)
    {
        string name = Unusual().Replace(Path.GetFileNameWithoutExtension(file), "-").Trim('-', '.', '_');
        return name.Length == 0 ? "upload" : name.Length > UploadPatch.MaximumName ? name[..UploadPatch.MaximumName].TrimEnd('.') : name;
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\\z")]
    private static partial Regex Name();

    [GeneratedRegex("[^A-Za-z0-9._-]+")]
    private static partial Regex Unusual();
}
