using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Files;

/// <summary>Current state of a file: path, size and modification time. Links are followed.</summary>
/// <param name="Path">Path of the file.</param>
/// <param name="Bytes">Size; -1: the file does not exist.</param>
/// <param name="WrittenAt">Modification time, UTC.</param>
internal readonly record struct FileStamp(string Path, long Bytes, DateTime WrittenAt)
{
    /// <summary>Reads the state of a file.</summary>
    public static FileStamp Of(string path)
    {
        FileInfo file = new(path);
        FileInfo target = file.LinkTarget is null ? file : new FileInfo(PhysicalPath.Of(path));
        return target.Exists ? new(path, target.Length, target.LastWriteTimeUtc) : new(path, -1, default);
    }

    /// <summary>Reads the states of those files of a folder that exist.</summary>
    public static IReadOnlyList<FileStamp> Of(string folder, IEnumerable<string> files) =>
        [.. files.Select(file => Of(System.IO.Path.Combine(folder, file))).Where(stamp => stamp.Bytes >= 0)];

    /// <summary>Converts the stamp to the snapshot that is stored with a run.</summary>
    /// <param name="owner">Name of the model, dataset or adapter that the file belongs to.</param>
    public FileSnapshot ToSnapshot(string owner) =>
        new($"{owner}/{System.IO.Path.GetFileName(Path)}", Bytes, new DateTimeOffset(WrittenAt, TimeSpan.Zero));
}
