using System.Text.RegularExpressions;

namespace LoraLab.Files;

/// <summary>Detects full disks and exhausted quotas.</summary>
public static partial class DiskSpace
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int NoSpaceWindows = unchecked((int)0x80070070);

    /// <summary>Returns whether the error means that the disk is full, on Linux, macOS or Windows.</summary>
    public static bool IsShort(Exception error) => error is IOException && error.HResult is NoSpace or QuotaExceeded or NoSpaceWindows;

    /// <summary>Returns the folder with the least free space, which may lie on different disks; null bytes: unknown.</summary>
    public static (string Folder, long? Free) Tightest(params IReadOnlyList<string> folders) =>
        folders.Select(folder => (Folder: folder, Free: FreeBytes(folder))).MinBy(disk => disk.Free ?? long.MaxValue);

    /// <summary>Returns the folder whose disk is full, from the file that the system's message names; null if it names none.</summary>
    public static string? FolderOf(Exception error) =>
        FileInMessage().Match(error.Message) is { Success: true } match ? Path.GetDirectoryName(match.Groups[1].Value) : null;

    private static long? FreeBytes(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    [GeneratedRegex("'([^']+)'[.]?$")]
    private static partial Regex FileInMessage();
}
