using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>
/// Real data, weights and reference numbers, which are not part of the repository. If they are missing, a test is skipped with
/// a reason; in CI, or if LORALAB_FIXTURES is set, it fails.
/// </summary>
internal static class Fixtures
{
    private const string Variable = "LORALAB_FIXTURES";

    /// <summary>The folder with LoraLab.sln.</summary>
    public static string RepositoryRoot { get; } = FindRepositoryRoot();

    private static string? Configured { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set ? set : null;

    private static string Root { get; } = Path.GetFullPath(Configured ?? Path.Combine("..", "shared", "data"), RepositoryRoot);

    /// <summary>stories260K: real weights of a tiny Llama.</summary>
    public static string Stories260K => Data("models", "stories260K");

    /// <summary>The tokenizer used in the paper, without weights.</summary>
    public static string TinyLlamaTokenizer => Data("models", "TinyLlama-1.1B-Chat-v1.0-tokenizer-only");

    /// <summary>GLUE SST-2.</summary>
    public static string Sst2 => Data("sst2");

    /// <summary>A file or folder of the fixtures.</summary>
    public static string Data(params string[] parts) => Existing(Path.Combine([Root, .. parts]));

    /// <summary>A file or folder of the reference numbers.</summary>
    public static string Golden(params string[] parts) => Existing(Path.Combine([Path.GetDirectoryName(Root)!, "golden", .. parts]));

    /// <summary>The path of a folder of the reference numbers, whether it exists or not.</summary>
    public static string GoldenRoot(string name) => Path.Combine(Path.GetDirectoryName(Root)!, "golden", name);

    private static string Existing(string path)
    {
        if (!Path.Exists(path))
        {
            string reason = $"{path} does not exist; set {Variable} to the folder with the fixtures.";
            Assert.False(Configured is not null || Environment.GetEnvironmentVariable("CI") == "true", reason);
            Assert.Skip(reason);
        }

        return path;
    }

    private static string FindRepositoryRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "LoraLab.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside the repository: no LoraLab.sln above them.");
    }
}
