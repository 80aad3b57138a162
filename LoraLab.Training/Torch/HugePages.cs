using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// Requests huge pages for a new tensor on Linux. The first touch of memory costs several times as much as filling it, and
/// a 2 MiB page is one page fault instead of 512. If the system does not grant the request, nothing changes.
/// </summary>
internal static partial class HugePages
{
    private const int AdviseHugePage = 14;
    private const long PageBytes = 4096;
    private const long SmallestBytes = 4 << 20;

    /// <summary>Call before the first write to a contiguous, long-lived CPU tensor; does nothing elsewhere.</summary>
    public static unsafe void Request(Tensor tensor)
    {
        long bytes = tensor.numel() * tensor.ElementSize;
        if (!OperatingSystem.IsLinux() || tensor.device.type != TorchSharp.DeviceType.CPU || bytes < SmallestBytes)
        {
            return;
        }

        using Tensor flat = tensor.view(-1);
        using Tensor first = flat.narrow(0, 0, 1);
        fixed (byte* start = first.bytes)
        {
            // Only pages that lie entirely within the tensor.
            long from = ((long)start + PageBytes - 1) / PageBytes * PageBytes;
            long to = ((long)start + bytes) / PageBytes * PageBytes;
            _ = Advise((nint)from, (nuint)(to - from), AdviseHugePage);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);
}
