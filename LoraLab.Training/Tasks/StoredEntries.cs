using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Files;
using LoraLab.Training.Files;

namespace LoraLab.Training.Tasks;

/// <summary>
/// Entries of large datasets on disk, so that a new process lists them without reading millions of rows again. An entry holds for files of
/// the same names, sizes and modification times, wherever they lie, and for the same trainer.
/// </summary>
/// <param name="folder">Folder of the entries; created when there is one to store.</param>
internal sealed class StoredEntries(string folder)
{
    private const long Large = 16 << 20;
    private const int Maximum = 100;

    /// <summary>Returns the stored entry of a dataset; null: there is none.</summary>
    public DatasetEntry? Find(string name, IReadOnlyList<FileStamp> files)
    {
        try
        {
            return IsLarge(files) && File.Exists(PathOf(name, files))
                ? JsonSerializer.Deserialize<DatasetEntry>(File.ReadAllText(PathOf(name, files)), ContractJson.Options)
                : null;
        }
        catch (Exception damaged) when (damaged is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Stores the entry of a dataset if it is large, and returns it.</summary>
    public DatasetEntry Keep(DatasetEntry entry, IReadOnlyList<FileStamp> files)
    {
        if (!IsLarge(files))
        {
            return entry;
        }

        try
        {
            Directory.CreateDirectory(folder);
            DurableFile.WriteAllText(PathOf(entry.Name, files), JsonSerializer.Serialize(entry, ContractJson.Options));
            foreach (FileInfo old in new DirectoryInfo(folder).GetFiles().OrderByDescending(file => file.LastWriteTimeUtc).Skip(Maximum))
            {
                old.Delete();
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // The rows are read again.
        }

        return entry;
    }

    private static bool IsLarge(IReadOnlyList<FileStamp> files) => files.Sum(file => Math.Max(0, file.Bytes)) >= Large;

    private string PathOf(string name, IReadOnlyList<FileStamp> files)
    {
        using Sha256Hash hash = new();
        hash.Add(name).Add(typeof(StoredEntries).Module.ModuleVersionId.ToString());
        foreach (FileStamp file in files)
        {
            hash.Add(Path.GetFileName(file.Path)).Add(string.Create(
                CultureInfo.InvariantCulture, $"{file.Bytes} {file.WrittenAt.Ticks}"));
        }

        return Path.Combine(folder, hash.Hex() + ".json");
    }
}
