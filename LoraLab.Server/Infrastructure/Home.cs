namespace LoraLab.Server.Infrastructure;

/// <summary>
/// The folder that configuration and every relative path of it are read against: the nearest folder above the program
/// with <c>LoraLab.sln</c> (a checkout), else the program's own folder (a published server).
/// </summary>
internal static class Home
{
    public static string Find(string programFolder)
    {
        for (DirectoryInfo? folder = new(programFolder); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "LoraLab.sln")))
            {
                return folder.FullName;
            }
        }

        return Path.TrimEndingDirectorySeparator(Path.GetFullPath(programFolder));
    }
}
