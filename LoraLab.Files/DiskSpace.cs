namespace LoraLab.Files;

/// <summary>Detects full disks and exhausted quotas.</summary>
public static class DiskSpace
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int NoSpaceWindows = unchecked((int)0x80070070);

    /// <summary>Returns whether the error means that the disk is full, on Linux, macOS or Windows.</summary>
    public static bool IsShort(Exception error) => error is IOException && error.HResult is NoSpace or QuotaExceeded or NoSpaceWindows;
}
