namespace LoraLab.Files;

/// <summary>Locks of open files: on Windows those of the system, elsewhere the advisory locks with which .NET opens files.</summary>
public static class FileLock
{
    private const int HeldUnix = 11;
    private const int HeldMac = 35;
    private const int HeldWindows = unchecked((int)0x80070020);

    /// <summary>Whether the error of an open means that another handle holds the file.</summary>
    public static bool IsHeld(Exception error) => error is IOException && error.HResult is HeldUnix or HeldMac or HeldWindows;

    /// <summary>Whether another handle holds the file; a file that does not exist or cannot be opened is not known to be held.</summary>
    public static bool IsHeld(string path)
    {
        try
        {
            using FileStream alone = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return IsHeld(error);
        }
    }
}
