namespace LoraLab.Files;

/// <summary>Tells a full disk (or an exhausted quota) from other failures.</summary>
public static class DiskSpace
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int NoSpaceWindows = unchecked((int)0x80070070);

    /// <summary>Whether the error says so, on Linux, macOS or Windows.</summary>
    public static bool IsShort(Exception error) => error is IOException && error.HResult is NoSpace or QuotaExceeded or NoSpaceWindows;
}
