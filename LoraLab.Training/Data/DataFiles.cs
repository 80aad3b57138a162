namespace LoraLab.Training.Data;

/// <summary>The files that a name in <c>dataset.json</c> stands for.</summary>
internal static class DataFiles
{
    /// <summary>
    /// Returns the existing files of a name, relative to the folder: the file itself or, if the name has <c>*</c>, all files whose names
    /// match, in ordinal order. None: it does not exist.
    /// </summary>
    /// <param name="folder">Folder of the dataset.</param>
    /// <param name="name">Name, in a folder below or not.</param>
    public static IReadOnlyList<string> Of(string folder, string name)
    {
        if (!name.Contains('*', StringComparison.Ordinal))
        {
            return File.Exists(Path.Combine(folder, name)) ? [name] : [];
        }

        string? below = Path.GetDirectoryName(name);
        string searched = Path.Combine(folder, below ?? "");
        return !Directory.Exists(searched) ? [] :
        [
            .. Directory.EnumerateFiles(searched, Path.GetFileName(name)).Select(path => string.IsNullOrEmpty(below)
                ? Path.GetFileName(path)
                : $"{below}/{Path.GetFileName(path)}").Order(StringComparer.Ordinal),
        ];
    }
}
