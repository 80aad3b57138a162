using System.Runtime.InteropServices;

namespace LoraLab.Training.Torch;

/// <summary>
/// How the C library's heap, from which libtorch's tensors come on the CPU, deals with memory that is free. Every window has passes of
/// other sizes; what is freed fits nothing that comes, and the resident set grows from step to step. Its gaps are given back before each
/// step. Not by pages of its own for every tensor, which would keep it smallest: their page faults cost a fifth of a step. Elsewhere than
/// with glibc nothing is done. What lives until the way back lies in an arena of the packed model, not in this heap.
/// </summary>
internal static partial class HeapPolicy
{
    private const int TrimThreshold = -1;
    private const int MmapThreshold = -3;
    // The largest that glibc takes.
    private const int LargestMmapThreshold = 32 << 20;
    private const int KeptAtTop = 64 << 20;
    // A toy run would spend more on trimming than on its steps.
    private const nuint WorthTrimming = 32 << 20;
    private static readonly bool _glibc = OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libc.so.6", out nint library) && NativeLibrary.TryGetExport(library, "mallinfo2", out _);

    /// <summary>
    /// Before libtorch is loaded: fixed limits instead of those that glibc moves with what it has seen, and room for the half-precision
    /// kernels of some passes, not of a thousand: each size of pass has kernels of its own, and the next window has another size.
    /// A user's own setting wins.
    /// </summary>
    public static void Apply()
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = ThreadPolicy.SetEnvironment("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64", 0);
        }

        if (_glibc)
        {
            _ = SetOption(MmapThreshold, LargestMmapThreshold);
            _ = SetOption(TrimThreshold, KeptAtTop);
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
