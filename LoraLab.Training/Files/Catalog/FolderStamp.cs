using System.Globalization;
using System.Text;

namespace LoraLab.Training.Files.Catalog;

/// <summary>A text that changes when a file of a folder is added, removed or written; links count as what they point to.</summary>
internal static class FolderStamp
{
    public static string Of(string folder)
    {
        StringBuilder stamp = new();
        foreach (string path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            FileInfo file = new(path);
            FileInfo target = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            stamp.Append(CultureInfo.InvariantCulture, $"{file.Name}|{(target.Exists ? target.Length : -1)}|{target.LastWriteTimeUtc.Ticks};");
        }

        return stamp.ToString();
    }
}
