using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Files.Catalog;

/// <summary>
/// Finds named folders under search roots. A name is a folder or <c>owner/folder</c>; it cannot escape a root, although
/// links inside a root may (the Hugging Face cache consists of them). The first root that has the name wins.
/// </summary>
internal sealed class CatalogFolders(string kind, string field, IReadOnlyList<string> roots, string bundled, Func<string, bool> isEntry)
{
    /// <summary>Name of the bundled entry.</summary>
    public const string Bundled = "sample";

    private const int MaxNameLength = 200;

    /// <summary>All names and their folders: the bundled one first, the others ordered by name.</summary>
    public IReadOnlyList<(string Name, string Folder)> All()
    {
        SortedDictionary<string, string> found = new(StringComparer.Ordinal);
        foreach (string root in roots.Where(Directory.Exists))
        {
            foreach (string folder in SubFolders(root))
            {
                if (isEntry(folder))
                {
                    found.TryAdd(Path.GetFileName(folder), folder);
                    continue;
                }

                foreach (string inner in SubFolders(folder).Where(isEntry))
                {
                    found.TryAdd($"{Path.GetFileName(folder)}/{Path.GetFileName(inner)}", inner);
                }
            }
        }

        found.Remove(Bundled);
        List<(string Name, string Folder)> all = [.. found.Select(pair => (pair.Key, pair.Value))];
        if (isEntry(bundled))
        {
            all.Insert(0, (Bundled, bundled));
        }

        return all;
    }

    /// <summary>The folder of a name.</summary>
    /// <exception cref="RunFailure">
    /// The name is invalid or unknown; the message suggests a similar name and lists those available.
    /// </exception>
    public string Find(string? name)
    {
        if (Problem(name) is string problem)
        {
            throw RunFailure.BadData($"The {kind} name '{name}' {problem}.", field);
        }

        string? folder = name == Bundled
            ? bundled
            : roots.Select(root => Path.Combine(root, name!.Replace('/', Path.DirectorySeparatorChar))).FirstOrDefault(isEntry);
        if (folder is not null && isEntry(folder))
        {
            return folder;
        }

        string[] names = [.. All().Select(entry => entry.Name)];
        string? nearest = NearestName.Of(name!, names);
        throw RunFailure.BadData(
            $"There is no {kind} '{name}'{(nearest is null ? "." : $"; did you mean '{nearest}'?")} "
            + (names.Length == 0 ? $"No {kind} was found; download one with 'pull'." : $"Available: {string.Join(", ", names)}."),
            field);
    }

    private static IEnumerable<string> SubFolders(string folder)
    {
        try
        {
            // Hidden folders are downloads in progress, or belong to other programs.
            return Directory.GetDirectories(folder).Where(inner => !Path.GetFileName(inner).StartsWith('.'));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return []; // A folder that cannot be listed contains nothing usable.
        }
    }

    /// <summary>
    /// Why a string is not a valid name, or null. The same on every platform, so that a specification means the same everywhere.
    /// </summary>
    private static string? Problem(string? name)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            return "is empty";
        }

        if (name.Length > MaxNameLength)
        {
            return $"is longer than {MaxNameLength} characters";
        }

        if (name.AsSpan().IndexOfAny("\\:*?\"<>|") >= 0 || name.Any(char.IsControl))
        {
            return "contains an invalid character; it must be the name of a folder, not a path";
        }

        string[] parts = name.Split('/');
        return parts.Length > 2 || parts.Any(part => part is "" or "." or ".." || part != part.Trim())
            ? "is not of the form folder or owner/folder; paths are not accepted"
            : null;
    }
}
