namespace LoraLab.Training.Files;

/// <summary>Follows links as the operating system does: part by part, relative targets from where the link really lies.</summary>
internal static class PhysicalPath
{
    private const int MaximumLinks = 40;

    /// <summary>Returns the path without links. What does not exist, or is a cycle of links, stays as it is written.</summary>
    public static string Of(string path)
    {
        string full = Path.GetFullPath(path);
        string current = Path.GetPathRoot(full)!;
        Stack<string> rest = new(Parts(full[current.Length..]));
        for (int links = 0; rest.TryPop(out string? part);)
        {
            string next = part == ".." ? Path.GetDirectoryName(current) ?? current : Path.Combine(current, part);
            if (part == ".." || Target(next) is not string target)
            {
                current = next;
                continue;
            }

            if (++links > MaximumLinks)
            {
                return full;
            }

            string? root = Path.IsPathRooted(target) ? Path.GetPathRoot(target) : null;
            current = root ?? current;
            foreach (string inner in Parts(target[(root?.Length ?? 0)..]))
            {
                rest.Push(inner);
            }
        }

        return current;
    }

    /// <summary>The parts of a relative path, the last one first.</summary>
    private static IEnumerable<string> Parts(string path) =>
        path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar]).Where(part => part is not ("" or ".")).Reverse();

    private static string? Target(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
