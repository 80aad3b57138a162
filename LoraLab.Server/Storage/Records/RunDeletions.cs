using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// Removes the directories of deleted runs. A directory under its own name is a run that the database has or that is rebuilt into it, so
/// a deletion writes the marker <c>runs/{id}.deleting</c> before the database removes the run: after a crash it is completed at the next
/// start.
/// </summary>
internal sealed class RunDeletions(LoraLabPaths paths, RunDirectoryLocks directoryLocks, ILogger<RunDeletions> log)
{
    private const string BegunSuffix = ".deleting";
    private const string DeletedSuffix = ".deleted";

    /// <summary>Runs whose deletion has begun; the database may still have them.</summary>
    public IReadOnlyList<string> Pending => Directory.Exists(paths.RunsDirectory)
        ? [.. Directory.EnumerateFiles(paths.RunsDirectory, "*" + BegunSuffix).Select(file => Path.GetFileNameWithoutExtension(file))]
        : [];

    /// <summary>Runs whose directory has been renamed for deletion.</summary>
    public IReadOnlyList<string> Detached => Directory.Exists(paths.RunsDirectory)
        ? [.. Directory.EnumerateDirectories(paths.RunsDirectory, "*" + DeletedSuffix)
            .Select(folder => Path.GetFileNameWithoutExtension(folder))]
        : [];

    /// <summary>Writes the marker. After a crash from here on the run is deleted, unless it has started meanwhile.</summary>
    public void Begin(string id)
    {
        try
        {
            Directory.CreateDirectory(paths.RunsDirectory);
            File.Create(MarkOf(id)).Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A full disk on which a user frees space: without the marker, a crash right now would only keep the run.
            log.LogWarning("Cannot mark run {Run} as being deleted ({Reason})", id, error.Message);
        }
    }

    /// <summary>Removes the marker of a run that was not deleted.</summary>
    public void Cancel(string id) => File.Delete(MarkOf(id));

    /// <summary>Removes the files after the database removed the run, under the lock that file removals share.</summary>
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
            log.LogWarning(
                "Cannot remove the directory {Folder} of a deleted run ({Reason}); retrying at the next start", folder, error.Message);
        }
    }

    private string MarkOf(string id) => paths.RunDirectory(id) + BegunSuffix;
}
