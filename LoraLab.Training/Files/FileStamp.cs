using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Files;

/// <summary>A file as it is now: path, size and time of the last write. A link counts as what it points to.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Bytes">Its size; -1: it is not there.</param>
/// <param name="WrittenAt">Time of its last write, UTC.</param>
internal readonly record struct FileStamp(string Path, long Bytes, DateTime WrittenAt)
{
    /// <summary>Looks at a file.</summary>
    public static FileStamp Of(string path)
    {
        FileInfo file = new(path);
        FileInfo target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        return target.Exists ? new(path, target.Length, target.LastWriteTimeUtc) : new(path, -1, default);
    }

    /// <summary>Looks at the files of a folder that are there.</summary>
    public static IReadOnlyList<FileStamp> Of(string folder, IEnumerable<string> files) =>
        [.. files.Select(file => Of(System.IO.Path.Combine(folder, file))).Where(stamp => stamp.Bytes >= 0)];

    /// <summary>As it travels with a run.</summary>
    /// <param name="owner">Name of the model, data set or adapter that it belongs to.</param>
    public FileSnapshot ToSnapshot(string owner) => new($"{owner}/{System.IO.Path.GetFileName(Path)}", Bytes, new DateTimeOffset(WrittenAt, TimeSpan.Zero));
}
