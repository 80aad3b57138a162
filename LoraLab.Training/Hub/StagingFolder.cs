using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>
/// Where downloads are put together: a hidden folder beside the final one (<c>.name.part</c>, which catalogs do not list), so that
/// a model or data set appears whole or not at all. It stays when a download breaks, for the next one to go on.
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

    /// <summary>Refuses to begin what the disk cannot hold.</summary>
    public void RequireSpace(long bytes)
    {
        long there = Directory.EnumerateFiles(Folder).Sum(path => new FileInfo(path).Length);
        long free;
        try
        {
            free = new DriveInfo(Folder).AvailableFreeSpace;
        }
        catch (Exception problem) when (problem is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return; // A drive that does not tell, such as some network shares.
        }

        if (bytes - there > free)
        {
            throw new RunFailure(EndReason.DiskFull, $"{Folder} needs {(bytes - there) >> 20} MiB more, but only {free >> 20} MiB are free; free some, or set LoraLab:DataDirectory to a larger disk.");
        }
    }

    /// <summary>Puts the named files in their final place and throws away everything else that was staged.</summary>
    public void Land(IReadOnlyCollection<string> names)
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
