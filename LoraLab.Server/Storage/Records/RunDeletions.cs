using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// Takes the directories of deleted runs away. A directory under its own name is a run that the database has or is given again, so that a deletion says
/// that it began, in <c>runs/{id}.deleting</c>, before the database forgets the run: what a crash leaves is finished at the next start.
/// </summary>
internal sealed class RunDeletions(LoraLabPaths paths, RunDirectoryLocks directoryLocks, ILogger<RunDeletions> log)
{
    private const string BegunSuffix = ".deleting";
    private const string DeletedSuffix = ".deleted";

    /// <summary>Runs whose deletion was begun; the database may have them still.</summary>
    public IReadOnlyList<string> Pending => Directory.Exists(paths.RunsDirectory)
        ? [.. Directory.EnumerateFiles(paths.RunsDirectory, "*" + BegunSuffix).Select(file => Path.GetFileNameWithoutExtension(file))]
        : [];

    /// <summary>Runs whose directory has been given up.</summary>
    public IReadOnlyList<string> Detached => Directory.Exists(paths.RunsDirectory)
        ? [.. Directory.EnumerateDirectories(paths.RunsDirectory, "*" + DeletedSuffix).Select(folder => Path.GetFileNameWithoutExtension(folder))]
        : [];

    /// <summary>From here on a crash ends in a deletion, unless the run has begun meanwhile.</summary>
    public void Begin(string id)
    {
        try
        {
            Directory.CreateDirectory(paths.RunsDirectory);
            File.Create(MarkOf(id)).Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A full disk, on which somebody makes room: without the mark a crash in the next moment leaves the run.
            log.LogWarning("That run {Run} is being deleted cannot be written down ({Reason})", id, error.Message);
        }
    }

    /// <summary>The run was not deleted.</summary>
    public void Cancel(string id) => File.Delete(MarkOf(id));

    /// <summary>The database has forgotten the run: its files go, when nobody else removes some of them.</summary>
    public void Finish(string id)
    {
        using Lock.Scope scope = directoryLocks.AcquireLock();
        string folder = paths.RunDirectory(id);
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Move(folder, folder + DeletedSuffix);
            }

            if (Directory.Exists(folder + DeletedSuffix))
            {
                Directory.Delete(folder + DeletedSuffix, recursive: true);
            }

            File.Delete(MarkOf(id));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("The folder {Folder} of a deleted run could not be removed: {Reason}; the next start tries again", folder, error.Message);
        }
    }

    private string MarkOf(string id) => paths.RunDirectory(id) + BegunSuffix;
}
