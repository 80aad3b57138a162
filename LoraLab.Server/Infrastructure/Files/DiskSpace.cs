namespace LoraLab.Server.Infrastructure.Files;

/// <summary>Tells a full disk (or an exhausted quota) from other failures.</summary>
internal static class DiskSpace
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int NoSpaceWindows = unchecked((int)0x80070070);

    public static bool IsShort(Exception error) => error is IOException && error.HResult is NoSpace or QuotaExceeded or NoSpaceWindows;
}
