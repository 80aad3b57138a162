using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// Where libtorch's tensors lie on the CPU. They come from the C library's heap, which serves what lives for an instant and what lives
/// until the way back from the same place: every window has passes of other sizes, the gaps fit nothing, and the resident set grows
/// to half as much again as the live tensors. So what lives long goes into pages of its own; what lives for an instant stays in the heap,
/// which then is no larger than a block's temporaries. Pages for everything would cost a fifth of a step in page faults.
/// Elsewhere than with glibc nothing is done.
/// </summary>
internal static partial class HeapPolicy
{
    private const int TrimThreshold = -1;
    private const int MmapThreshold = -3;
    // The largest that glibc takes.
    private const int Never = 32 << 20;
    private const int KeptFree = 64 << 20;
    private const nuint WorthTrimming = 32 << 20;
    private static readonly bool _glibc = OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libc.so.6", out nint library) && NativeLibrary.TryGetExport(library, "mallinfo2", out _);

    /// <summary>At start. A user's own setting (GLIBC_TUNABLES, MALLOC_*) is not looked for: it would not survive the first tensor kept.</summary>
    public static void Apply()
    {
        if (_glibc)
        {
            _ = SetOption(MmapThreshold, Never);
            _ = SetOption(TrimThreshold, KeptFree);
        }
    }

    /// <summary>Gives memory that is free in the heap back to the system.</summary>
    public static void Trim()
    {
        if (_glibc && MemoryInfo().Free > WorthTrimming)
        {
            _ = TrimHeap(0);
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint keep);

    [LibraryImport("libc.so.6", EntryPoint = "mallinfo2")]
    private static partial HeapInfo MemoryInfo();

    // struct mallinfo2 of malloc.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct HeapInfo
    {
        public nuint Arena, FreeChunks, FastChunks, Maps, MappedBytes, Unused, FastBytes, Used, Free, Top;
    }
}
