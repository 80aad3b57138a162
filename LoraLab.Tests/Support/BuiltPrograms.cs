namespace LoraLab.Tests.Support;

/// <summary>Paths of the programs built with the tests, in the same configuration.</summary>
internal static class BuiltPrograms
{
    public static string Server => Find("LoraLab.Server");

    public static string ScriptedWorker => Find("LoraLab.Tests.ScriptedWorker");

    public static string Benchmarks => Find("LoraLab.Benchmarks");

    private static string Find(string project)
    {
        // .../LoraLab.Tests/bin/CONFIGURATION/FRAMEWORK/
        DirectoryInfo framework = new(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        return Path.Combine(Fixtures.RepositoryRoot, project, "bin", framework.Parent!.Name, framework.Name, project + ".dll");
    }
}
