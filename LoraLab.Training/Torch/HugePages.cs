using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// Asks Linux to back a new tensor with huge pages. Touching memory for the first time costs several times what filling it does, and
/// a page of 2 MiB is touched once where 512 small ones are. A system that does not do it takes small pages, as before.
/// </summary>
internal static partial class HugePages
{
    private const int AdviseHugePage = 14;
    private const long PageBytes = 4096;
    private const long SmallestBytes = 4 << 20;

    /// <summary>Before the first write to a contiguous CPU tensor that stays; elsewhere this does nothing.</summary>
    public static unsafe void Ask(Tensor tensor)
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
            // Whole pages of the tensor only: what lies around it is not ours.
            long from = ((long)start + PageBytes - 1) / PageBytes * PageBytes;
            long to = ((long)start + bytes) / PageBytes * PageBytes;
            _ = Advise((nint)from, (nuint)(to - from), AdviseHugePage);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);
}
