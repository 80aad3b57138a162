namespace LoraLab.Files;

/// <summary>The folder that every relative path of the configuration is resolved against.</summary>
public static class LoraLabHome
{
    private const string Variable = "LORALAB_HOME";

    /// <summary>
    /// <c>LORALAB_HOME</c> where it is set, else the nearest folder above the program that holds <c>LoraLab.sln</c>, else the
    /// program's own folder. The current directory never matters.
    /// </summary>
    public static string Find()
    {
        string? set = Environment.GetEnvironmentVariable(Variable);
        return string.IsNullOrWhiteSpace(set) ? Above(AppContext.BaseDirectory) : Path.GetFullPath(set, AppContext.BaseDirectory);
    }

    /// <summary>The nearest folder at or above <paramref name="program"/> that holds <c>LoraLab.sln</c>, else <paramref name="program"/>.</summary>
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
