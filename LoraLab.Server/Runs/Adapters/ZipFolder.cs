using System.IO.Compression;

namespace LoraLab.Server.Runs.Adapters;

/// <summary>Puts folders into zip files.</summary>
internal static class ZipFolder
{
    /// <summary>Adds the files of a folder, by name.</summary>
    public static async Task AddAsync(ZipArchive zip, string folder, CancellationToken cancellationToken)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            // Weights hardly compress; a higher level is not worth the time.
            string name = Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/');
            await zip.CreateEntryFromFileAsync(path, name, CompressionLevel.Fastest, cancellationToken);
        }
    }
}
