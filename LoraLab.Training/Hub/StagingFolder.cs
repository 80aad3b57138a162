using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>
/// The folder of an unfinished download of one revision (<c>.name/COMMIT.part</c>, which catalogs do not list), so that a revision appears
/// complete or not at all. It is kept when a download is interrupted, so that the next one resumes; one process at a time uses it.
/// </summary>
internal sealed class StagingFolder : IDisposable
{
    private readonly string _final;
    private readonly FileStream _lock;

    /// <summary>Opens the folder of a revision, with what an interrupted download left there.</summary>
    /// <param name="revisions">The revisions of the model or dataset.</param>
    /// <param name="commit">The revision.</param>
    /// <param name="earlier">Folder in which earlier versions of LoraLab kept unfinished downloads.</param>
    /// <exception cref="RunFailure">Another process downloads the revision.</exception>
    public StagingFolder(StoredRevisions revisions, string commit, string earlier)
    {
        _final = revisions.Folder(commit);
        Folder = revisions.Partial(commit);
        Directory.CreateDirectory(revisions.Container);
        try
        {
            _lock = new FileStream(
                Folder + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException problem)
        {
            throw RunFailure.BadData(
                $"{Folder} cannot be locked ({problem.Message.TrimEnd('.')}); wait until the other 'pull' of this revision has ended.",
                null, problem);
        }

        if (Directory.Exists(earlier) && !Directory.Exists(Folder))
        {
            Directory.Move(earlier, Folder);
        }

        Directory.CreateDirectory(Folder);
    }

    public string Folder { get; }

    /// <summary>Path of a file, whose folder is created.</summary>
    public string File(string name)
    {
        string path = Path.Combine(Folder, name.Replace('/', Path.DirectorySeparatorChar));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>Fails if the disk has too little space for <paramref name="bytes"/> in total.</summary>
    public void RequireSpace(long bytes)
    {
        long staged = Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Sum(path => new FileInfo(path).Length);
        long free;
        try
        {
            free = new DriveInfo(Folder).AvailableFreeSpace;
        }
        catch (Exception problem) when (problem is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return; // Some drives, such as network shares, do not report their free space.
        }

        if (bytes - staged > free)
        {
            throw new RunFailure(
                EndReason.DiskFull,
                $"The download needs {NumberFormat.Bytes(bytes - staged)} in {Folder}, but only "
                    + $"{NumberFormat.Bytes(free)} are free; free up space, "
                + "or set LoraLab:DataDirectory to a folder on a larger disk.");
        }
    }

    /// <summary>Makes the named files the revision's folder, or completes it with them; other staged files are deleted.</summary>
    public void Publish(IReadOnlyCollection<string> names)
    {
        HashSet<string> paths = [.. names.Select(File)];
        foreach (string path in Directory.GetFiles(Folder, "*", SearchOption.AllDirectories).Where(path => !paths.Contains(path)))
        {
            System.IO.File.Delete(path);
        }

        if (!Directory.Exists(_final))
        {
            Directory.Move(Folder, _final);
            return;
        }

        foreach (string name in names)
        {
            string target = Path.Combine(_final, name.Replace('/', Path.DirectorySeparatorChar));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            System.IO.File.Move(File(name), target, overwrite: true);
        }

        Directory.Delete(Folder, recursive: true);
    }

    public void Dispose() => _lock.Dispose();
}
