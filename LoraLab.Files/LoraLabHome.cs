namespace LoraLab.Files;

/// <summary>The home folder, against which all relative paths of the configuration are resolved.</summary>
public static class LoraLabHome
{
    private const string Variable = "LORALAB_HOME";

    /// <summary>
    /// Returns <c>LORALAB_HOME</c> if set, otherwise the nearest folder above the program that contains <c>LoraLab.sln</c>, otherwise the
    /// program's own folder. The current directory is ignored.
    /// </summary>
    public static string Find()
    {
        string? set = Environment.GetEnvironmentVariable(Variable);
        return string.IsNullOrWhiteSpace(set) ? Above(AppContext.BaseDirectory) : HomePath.Resolve(set, AppContext.BaseDirectory);
    }

    /// <summary>
    /// Returns the nearest folder at or above <paramref name="program"/> that contains <c>LoraLab.sln</c>, otherwise <paramref
    /// name="program"/>.
    /// </summary>
    public static string Above(string program)
    {
        for (DirectoryInfo? folder = new(program); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "LoraLab.sln")))
            {
                return folder.FullName;
            }
        }

        return Path.TrimEndingDirectorySeparator(Path.GetFullPath(program));
    }
}
