namespace LoraLab.Files;

/// <summary>Paths as people write them: <c>~</c> at the start is the user's home directory.</summary>
public static class HomePath
{
    /// <summary>Replaces a leading <c>~</c>, alone or before a separator; other paths, <c>~name</c> among them, are unchanged.</summary>
    public static string Expand(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path is ['~'] or ['~', '/', ..] || (OperatingSystem.IsWindows() && path is ['~', '\\', ..])
            ? Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[1..])
            : path;
    }

    /// <summary>Returns a configured path as an absolute one.</summary>
    /// <param name="path">Path, which may start with <c>~</c>.</param>
    /// <param name="folder">Folder of relative paths.</param>
    public static string Resolve(string path, string folder) => Path.GetFullPath(Expand(path), folder);
}
