namespace LoraLab.Training.Files.Catalog;

/// <summary>
/// The cache of Hugging Face's own libraries: <c>models--owner--name/snapshots/COMMIT/</c> consists of links into <c>blobs/</c>, and
/// <c>refs/main</c> contains the commit of the default branch.
/// </summary>
/// <param name="prefix">Prefix of the repositories: <c>models--</c> or <c>datasets--</c>.</param>
internal sealed class HubCache(string prefix)
{
    private const string Snapshots = "snapshots";
    private static readonly string[] _prefixes = ["models--", "datasets--", "spaces--"];

    /// <summary>Whether a folder is a repository of any kind in a cache.</summary>
    public static bool IsRepository(string folder) =>
        Array.Exists(_prefixes, known => Path.GetFileName(folder).StartsWith(known, StringComparison.Ordinal));

    /// <summary>Whether a folder is a repository of this kind.</summary>
    public bool IsOwn(string folder) => Path.GetFileName(folder).StartsWith(prefix, StringComparison.Ordinal);

    /// <summary>Folder name of a repository.</summary>
    public string FolderName(string name) => prefix + name.Replace("/", "--", StringComparison.Ordinal);

    /// <summary>Name of the repository with a folder: <c>owner/name</c>, or <c>name</c> where there is no owner.</summary>
    public string NameOf(string folder)
    {
        string flat = Path.GetFileName(folder)[prefix.Length..];
        int separator = flat.IndexOf("--", StringComparison.Ordinal);
        return separator < 0 ? flat : $"{flat[..separator]}/{flat[(separator + 2)..]}";
    }

    /// <summary>Name of the repository of a snapshot; null: the folder is not a snapshot of this kind.</summary>
    public string? NameOfSnapshot(string folder) =>
        Path.GetDirectoryName(folder) is string above && Path.GetFileName(above) == Snapshots
        && Path.GetDirectoryName(above) is string repository && IsOwn(repository)
            ? NameOf(repository)
            : null;

    /// <summary>Commit of a snapshot; null: the folder is not a snapshot.</summary>
    public static string? CommitOf(string folder) =>
        Path.GetDirectoryName(folder) is string above && Path.GetFileName(above) == Snapshots
        && Path.GetDirectoryName(above) is string repository && IsRepository(repository)
            ? Path.GetFileName(folder)
            : null;

    /// <summary>Snapshot of a commit.</summary>
    public static string Snapshot(string repository, string commit) => Path.Combine(repository, Snapshots, commit);

    /// <summary>The snapshot of the default branch, or the only one.</summary>
    /// <param name="repository">Folder of the repository.</param>
    /// <param name="problem">Why there is none, as the predicate of a sentence.</param>
    public static string? Snapshot(string repository, out string problem)
    {
        problem = "";
        try
        {
            string main = Path.Combine(repository, "refs", "main");
            string[] all = Directory.Exists(Path.Combine(repository, Snapshots))
                ? Directory.GetDirectories(Path.Combine(repository, Snapshots))
                : [];
            string? commit = File.Exists(main) ? File.ReadAllText(main).Trim() : null;
            string? named = Array.Find(all, folder => Path.GetFileName(folder) == commit);
            problem = (commit, all.Length) switch
            {
                (not null, _) when named is null => $"has no snapshot of refs/main ({commit}); download it again",
                (null, 0) => "has no snapshot; download it again",
                (null, > 1) => $"has {all.Length} snapshots and no refs/main; download its default branch again",
                _ => "",
            };
            return problem.Length > 0 ? null : PhysicalPath.Of(named ?? all[0]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            problem = $"cannot be read: {failure.Message}";
            return null;
        }
    }
}
