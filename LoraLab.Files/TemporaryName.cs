namespace LoraLab.Files;

/// <summary>
/// Names of temporary files and folders. They are random, so that only the one who made the file can know its name and remove it: whatever
/// else lies beside the target belongs to someone else, even if it looks temporary.
/// </summary>
public static class TemporaryName
{
    /// <summary>How every name ends, so that listings can leave unfinished files out.</summary>
    public const string Suffix = ".tmp";

    /// <summary>How a temporary file is opened: it must not exist.</summary>
    public static FileMode Mode => IsPredictable.Value ? FileMode.Create : FileMode.CreateNew;

    /// <summary>For tests that obstruct a write: names are not random in the tasks that set it.</summary>
    internal static AsyncLocal<bool> IsPredictable { get; } = new();

    /// <summary>Returns an unused path next to <paramref name="path"/>, on the same disk: <c>PATH.RANDOM.tmp</c>.</summary>
    public static string Beside(string path) =>
        Path.TrimEndingDirectorySeparator(path)
        + (IsPredictable.Value ? "" : "." + Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal))
        + Suffix;
}
