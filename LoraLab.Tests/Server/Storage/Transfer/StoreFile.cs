using System.IO.Compression;

namespace LoraLab.Tests.Server.Storage.Transfer;

/// <summary>A file of a whole store, as a test reads and damages it.</summary>
internal static class StoreFile
{
    public static string[] Lines(string path)
    {
        using StreamReader reader = new(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public static void Write(string path, IEnumerable<string> lines)
    {
        using StreamWriter writer = new(new GZipStream(File.Create(path), CompressionMode.Compress)) { NewLine = "\n" };
        foreach (string line in lines)
        {
            writer.WriteLine(line);
        }
    }

    /// <summary>The counts and hashes at its end.</summary>
    public static string Totals(string path) => Lines(path)[^1];
}
