using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>
/// The folder of an unfinished download: a hidden folder beside the final one (<c>.name.part</c>, which catalogs do not list), so that
/// a model or dataset appears complete or not at all. It is kept when a download is interrupted, so that the next one resumes.
/// </summary>
internal sealed class StagingFolder
{
    private readonly string _final;

    public StagingFolder(string final)
    {
        _final = final;
        Folder = Path.Combine(Path.GetDirectoryName(final)!, $".{Path.GetFileName(final)}.part");
        Directory.CreateDirectory(Folder);
    }

    public string Folder { get; }

    public string File(string name) => Path.Combine(Folder, name);

    /// <summary>Fails if the disk has too little space for <paramref name="bytes"/> in total.</summary>
    public void RequireSpace(long bytes)
    {
        long staged = Directory.EnumerateFiles(Folder).Sum(path => new FileInfo(path).Length);
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

    /// <summary>Moves the named files to the final folder and deletes everything else that was staged.</summary>
    public void Publish(IReadOnlyCollection<string> names)
    {
        foreach (string path in Directory.GetFiles(Folder).Where(path => !names.Contains(Path.GetFileName(path))))
        {
            System.IO.File.Delete(path);
        }

        if (!Directory.Exists(_final))
        {
            Directory.Move(Folder, _final);
            return;
        }

        foreach (string path in Directory.GetFiles(Folder))
        {
            System.IO.File.Move(path, Path.Combine(_final, Path.GetFileName(path)), overwrite: true);
        }

        Directory.Delete(Folder, recursive: true);
    }
}
