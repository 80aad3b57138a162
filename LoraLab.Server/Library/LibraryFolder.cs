using LoraLab.Files;

namespace LoraLab.Server.Library;

/// <summary>
/// A model or dataset in the data directory that the server made: the folder of an upload, or a name that points to a downloaded revision
/// (<c>name</c> to <c>.name/COMMIT</c>, whose record is <c>.name/COMMIT.json</c>).
/// </summary>
internal sealed class LibraryFolder
{
    private readonly string _path;
    private readonly string? _container;

    private LibraryFolder(string path, string? container) => (_path, _container) = (path, container);

    /// <summary>Whether there is something of this name, whoever made it.</summary>
    public static bool Exists(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;

    /// <summary>Finds what the server made; null: it did not make it.</summary>
    /// <param name="dataDirectory">The data directory, which may itself be behind a link.</param>
    /// <param name="path">Path of the name below it.</param>
    public static LibraryFolder? Find(string dataDirectory, string path)
    {
        // A folder in between that is a link leads out of the data directory.
        for (string? parent = Path.GetDirectoryName(path); parent != dataDirectory; parent = Path.GetDirectoryName(parent))
        {
            if (parent is null || IsLink(parent))
            {
                return null;
            }
        }

        if (Directory.Exists(path) && !IsLink(path))
        {
            return File.Exists(Path.Combine(path, LibraryFolders.Marker)) ? new(path, null) : null;
        }

        string container = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}");
        return Directory.Exists(container) && !IsLink(container) && Target(path) is string target
            && target.StartsWith(Path.GetFileName(container) + "/", StringComparison.Ordinal)
            && target.AsSpan(Path.GetFileName(container).Length + 1).IndexOfAny("/\\") < 0
            && File.Exists(Path.Combine(Path.GetDirectoryName(path)!, target + ".json"))
                ? new(path, container)
                : null;
    }

    /// <summary>Deletes it: the name first, so that nothing incomplete can be used.</summary>
    public void Delete()
    {
        if (_container is null)
        {
            Remove(_path);
            return;
        }

        if (Directory.Exists(_path))
        {
            // A link to a folder; what it points to stays.
            Directory.Delete(_path);
        }
        else
        {
            File.Delete(_path);
        }

        Remove(_container);
    }

    /// <summary>
    /// Renamed first: a deletion that is interrupted leaves nothing under the name. Links inside are deleted, not followed.
    /// </summary>
    private static void Remove(string folder)
    {
        string name = Path.GetFileName(folder);
        string removed = TemporaryName.Beside(Path.Combine(Path.GetDirectoryName(folder)!, name[0] == '.' ? name : $".{name}"));
        Directory.Move(folder, removed);
        Directory.Delete(removed, recursive: true);
    }

    private static bool IsLink(string path) => new DirectoryInfo(path).LinkTarget is not null;

    /// <summary>Target of a link, or the text of the short file that stands for one.</summary>
    private static string? Target(string path)
    {
        FileInfo file = new(path);
        return file.LinkTarget ?? (file is { Exists: true, Length: < 300 } ? File.ReadAllText(path).Trim() : null);
    }
}
