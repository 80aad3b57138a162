using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>Advice to Linux on the memory of large CPU tensors. If the system does not follow it, nothing changes.</summary>
internal static partial class PageAdvice
{
    private const int DoNotNeed = 4;
    private const int AdviseHugePage = 14;
    private const long PageBytes = 4096;
    private const long SmallestBytes = 4 << 20;

    /// <summary>
    /// Requests huge pages; call before the first write to a contiguous, long-lived tensor. The first touch of memory costs several times
    /// as much as filling it, and a 2 MiB page is one page fault instead of 512.
    /// </summary>
    public static void RequestHugePages(Tensor tensor) => Give(AdviseHugePage, tensor);

    /// <summary>
    /// Releases the pages of a tensor that is mapped from a file and was never written; they count as memory of the process until then. The
    /// next access reads the file again.
    /// </summary>
    public static void ReleaseMapped(Tensor tensor) => Give(DoNotNeed, tensor);

    private static unsafe void Give(int advice, Tensor tensor)
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
            _ = Advise((nint)from, (nuint)(to - from), advice);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);
}
