using System.Globalization;
using System.Text;

namespace LoraLab.Training.Files.Catalog;

/// <summary>A string that changes when a file of a folder is added, removed or modified; links are followed.</summary>
internal static class FolderStamp
{
    public static string Of(string folder)
    {
        StringBuilder stamp = new();
        foreach (string path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            FileStamp file = FileStamp.Of(path);
            stamp.Append(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)}|{file.Bytes}|{file.WrittenAt.Ticks};");
        }

        return stamp.ToString();
    }
}
