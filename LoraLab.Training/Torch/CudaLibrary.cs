using System.Runtime.InteropServices;

namespace LoraLab.Training.Torch;

/// <summary>
/// The CUDA driver's library, part of the NVIDIA driver: the GPUs as this process sees them, in CUDA's numbering. Unlike NVIDIA's
/// management library, it knows <c>CUDA_VISIBLE_DEVICES</c> and the instances of a partitioned GPU (MIG), and containers always have it.
/// </summary>
internal sealed class CudaLibrary
{
    private readonly CudaFunctions _functions;

    private CudaLibrary(CudaFunctions functions) => _functions = functions;

    /// <summary>File name of the library on this system.</summary>
    public static string LibraryName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>CUDA version that the driver supports, for example 12.8; null if unknown.</summary>
    public Version? Version => _functions.Version() is int version ? new(version / 1000, version % 1000 / 10) : null;

    /// <summary>Number of visible GPUs.</summary>
    public int Count => _functions.Count() ?? 0;

    /// <summary>Opens and initializes the library for the lifetime of the process; null if there is no NVIDIA driver or GPU.</summary>
    public static CudaLibrary? TryOpen()
    {
        // It reads the order of the GPUs from the environment when it is initialized.
        ThreadPolicy.OrderGpusByBus();
        return NativeLibrary.TryLoad(LibraryName, out nint library)
            ? Start(name => NativeLibrary.TryGetExport(library, name, out nint address) ? address : 0)
            : null;
    }

    /// <summary>
    /// Initializes a library whose function addresses <paramref name="find"/> returns by name (0: missing); null if that fails.
    /// </summary>
    internal static CudaLibrary? Start(Func<string, nint> find)
    {
        CudaFunctions functions = new(find);
        return functions.Start() ? new(functions) : null;
    }

    /// <summary>A GPU by CUDA's index; null: there is none. What the library does not report is null.</summary>
    public GpuDescription? Describe(int index) => _functions.Device(index) is not int device ? null : new()
    {
        Name = _functions.Name(device),
        TotalBytes = _functions.TotalBytes(device),
        Capability = _functions.Capability(device),
    };

    /// <summary>
    /// Free memory of a GPU, or of the instance of a partitioned one; null if unknown, or if this process has not used the GPU yet.
    /// </summary>
    public ulong? FreeBytes(int index) =>
        _functions.Device(index) is int device && _functions.HasContext(device) ? _functions.FreeBytes(device) : null;
}
