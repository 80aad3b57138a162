using System.Runtime.InteropServices;

namespace LoraLab.Training.Torch;

/// <summary>
/// Settings of the C library's heap, from which libtorch allocates CPU tensors. Passes differ in size from window to window, so freed
/// memory does not fit later allocations and the resident set grows from step to step; the gaps are therefore returned to the system before
/// each step. Mapping every tensor separately would keep the resident set smallest, but its page faults cost a fifth of a step. Does
/// nothing without glibc. Activations saved for the backward pass are in the arena of the packed model, not on this heap.
/// </summary>
internal static partial class HeapPolicy
{
    private const int TrimThreshold = -1;
    private const int MmapThreshold = -3;
    // The maximum that glibc accepts.
    private const int MmapThresholdBytes = 32 << 20;
    private const int TrimThresholdBytes = 64 << 20;
    private static readonly bool _glibc = OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libc.so.6", out nint library)
        && NativeLibrary.TryGetExport(library, "mallinfo2", out _);

    /// <summary>
    /// Free memory that is left alone. Below the default of 32 MiB, a toy run would spend more time trimming than training. The heap is the
    /// process's: where several runs share one, each would return at its steps what the others are about to use.
    /// </summary>
    public static nuint MinTrimBytes { get; set; } = 32 << 20;

    /// <summary>
    /// Call before libtorch is loaded. Sets fixed thresholds instead of glibc's dynamic ones, and limits oneDNN's cache of half-precision
    /// kernels from about a thousand to 64: every pass size has its own kernels, and the next window has other sizes. Settings in the
    /// environment take precedence.
    /// </summary>
    public static void Apply()
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = ThreadPolicy.SetEnvironment("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64", 0);
        }

        if (_glibc)
        {
            _ = SetOption(MmapThreshold, MmapThresholdBytes);
            _ = SetOption(TrimThreshold, TrimThresholdBytes);
        }
    }

    /// <summary>Returns free heap memory to the system.</summary>
    public static void Trim()
    {
        if (_glibc && MemoryInfo().Free > MinTrimBytes)
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
