using System.Runtime.InteropServices;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Files;

namespace LoraLab.Training.Files.Catalog;

/// <summary>
/// The downloaded revisions of a model or dataset. Each is a folder of its own in the hidden folder <c>.name</c> beside the name, with its
/// record <c>COMMIT.json</c> beside it. The name is a pointer to one of them: a link, or, where the system has none, a file with the link's
/// target. The pointer is replaced at once, so that a reader sees one revision or another and never a mixture.
/// </summary>
/// <param name="pointer">Path of the name.</param>
/// <param name="useLinks">Whether the pointer is a link where possible.</param>
internal sealed partial class StoredRevisions(string pointer, bool useLinks = true)
{
    private const string RecordSuffix = ".json";
    private const string PartialSuffix = ".part";
    private const int MaximumTarget = 300;

    /// <summary>Path of the name.</summary>
    public string Pointer => pointer;

    /// <summary>Folder of all revisions.</summary>
    public string Container => Path.Combine(Path.GetDirectoryName(pointer)!, Hidden);

    /// <summary>Commit of the revision that the name points to; null: none.</summary>
    public string? Current => Enter(pointer) is string folder && Path.GetDirectoryName(folder) == PhysicalPath.Of(Container)
        ? Path.GetFileName(folder)
        : null;

    /// <summary>Whether the name is a real folder: an earlier version downloaded it, or a user made it.</summary>
    public bool IsPlainFolder => Directory.Exists(pointer) && new DirectoryInfo(pointer).LinkTarget is null;

    /// <summary>Whether the name is taken by a link or file that is no pointer.</summary>
    public bool IsForeign =>
        !IsPlainFolder && Target(pointer) is string target && !target.StartsWith($"{Hidden}/", StringComparison.Ordinal);

    /// <summary>An open file must allow its deletion on Windows; elsewhere only <see cref="FileShare.None"/> excludes leases.</summary>
    private static FileShare DeletionShare => OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None;

    private string Hidden => $".{Path.GetFileName(pointer)}";

    /// <summary>Folder of a revision.</summary>
    public string Folder(string commit) => Path.Combine(Container, commit);

    /// <summary>Folder of an unfinished download of a revision.</summary>
    public string Partial(string commit) => Folder(commit) + PartialSuffix;

    /// <summary>Commits of all complete revisions.</summary>
    public IReadOnlyList<string> All() => !Directory.Exists(Container) ? [] :
        [.. Directory.GetDirectories(Container).Select(folder => Path.GetFileName(folder)).Where(commit => File.Exists(RecordOf(commit)))];

    /// <summary>The folder behind a name: a folder, a link to one, or a file that points to one; null: none of these.</summary>
    public static string? Enter(string path)
    {
        if (Directory.Exists(path))
        {
            return PhysicalPath.Of(path);
        }

        string start = $".{Path.GetFileName(path)}/";
        if (Target(path) is not string target || !target.StartsWith(start, StringComparison.Ordinal)
            || target.AsSpan(start.Length).IndexOfAny("/\\") >= 0)
        {
            return null;
        }

        string folder = Path.Combine(Path.GetDirectoryName(path)!, start[..^1], target[start.Length..]);
        return Directory.Exists(folder) ? PhysicalPath.Of(folder) : null;
    }

    /// <summary>Returns the commit of the revision in a folder, downloaded by us or in a Hugging Face cache; null: unknown.</summary>
    public static string? CommitOf(string folder) => RecordOfFolder(folder)?.Commit ?? HubCache.CommitOf(folder);

    /// <summary>Returns the record of the revision in a folder; null: it is not a downloaded revision.</summary>
    public static RevisionRecord? RecordOfFolder(string folder)
    {
        string file = folder + RecordSuffix;
        try
        {
            return IsHidden(Path.GetDirectoryName(folder)) && File.Exists(file)
                ? JsonSerializer.Deserialize<RevisionRecord>(JsonFile.Read(file).Span, ContractJson.Options)
                : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Keeps the revision in a folder from being deleted until the result is disposed; null: the folder is not a downloaded revision.
    /// </summary>
    public static IDisposable? Lease(string folder)
    {
        try
        {
            return IsHidden(Path.GetDirectoryName(folder)) && File.Exists(folder + RecordSuffix)
                ? new FileStream(folder + RecordSuffix, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete)
                : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null; // A read-only or foreign disk, whose revisions nobody deletes.
        }
    }

    /// <summary>Writes the record of a complete revision and makes the name point to it.</summary>
    /// <returns>The new path of the plain folder that had the name; null: there was none.</returns>
    public string? Publish(RevisionRecord record)
    {
        // A record that is replaced would no longer be the one that a lease holds.
        if (RecordOfFolder(Folder(record.Commit)) != record)
        {
            DurableFile.WriteAllText(RecordOf(record.Commit), JsonSerializer.Serialize(record, ContractJson.Indented) + "\n");
        }

        if (Current == record.Commit)
        {
            return null;
        }

        // Another process must not delete the revision before the name points to it.
        using IDisposable? lease = Lease(Folder(record.Commit));
        string next = Path.Combine(Path.GetDirectoryName(pointer)!, $"{Hidden}.{Guid.NewGuid():n}.tmp");
        bool isLink = useLinks && TryLink(next, $"{Hidden}/{record.Commit}");
        if (!isLink)
        {
            File.WriteAllText(next, $"{Hidden}/{record.Commit}\n");
        }

        string? earlier = IsPlainFolder ? Path.Combine(Container, $"earlier-{Guid.NewGuid():n}") : null;
        if (earlier is not null)
        {
            Directory.Move(pointer, earlier);
        }

        Replace(next, pointer);
        return earlier;
    }

    /// <summary>Deletes the revisions and unfinished downloads that nothing uses; the current revision is used.</summary>
    /// <param name="isUsed">Whether something else uses a revision.</param>
    /// <returns>The commits deleted.</returns>
    public IReadOnlyList<string> Prune(Func<string, bool> isUsed)
    {
        string? current = Current;
        List<string> deleted = [];
        foreach (string commit in All().Where(commit => commit != current && !isUsed(commit)))
        {
            try
            {
                // Fails while a lease is held; deleted first, so that an interrupted deletion leaves no revision that looks complete.
                using (FileStream record = new(RecordOf(commit), FileMode.Open, FileAccess.ReadWrite, DeletionShare))
                {
                    File.Delete(RecordOf(commit));
                }

                Directory.Delete(Folder(commit), recursive: true);
                deleted.Add(commit);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // In use, on Windows also by weights that are mapped: the next download tries again.
            }
        }

        return deleted;
    }

    private static bool IsHidden(string? folder) => Path.GetFileName(folder) is ['.', ..];

    private string RecordOf(string commit) => Folder(commit) + RecordSuffix;

    /// <summary>Target of a link, or the text of a file as short as a target; null: neither.</summary>
    private static string? Target(string path)
    {
        try
        {
            FileInfo file = new(path);
            return file.LinkTarget ?? (file.Exists ? file.Length < MaximumTarget ? File.ReadAllText(path).Trim() : "" : null);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool TryLink(string path, string target)
    {
        if (OperatingSystem.IsWindows())
        {
            return false; // Links need a privilege there, and a link to a folder cannot be replaced at once.
        }

        try
        {
            Directory.CreateSymbolicLink(path, target);
            return true;
        }
        catch (IOException)
        {
            return false; // Some file systems have no links.
        }
    }

    private static void Replace(string source, string target)
    {
        // File.Move does not accept a link to a folder.
        if (OperatingSystem.IsWindows())
        {
            File.Move(source, target, overwrite: true);
        }
        else if (Rename(source, target) != 0)
        {
            throw new IOException($"{target} cannot be replaced: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "rename", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Rename(string from, string to);
}
