using System.Collections.Concurrent;

namespace LoraLab.Training.Torch;

/// <summary>
/// The GPUs of this process in CUDA's numbering, from the CUDA driver and NVIDIA's management library (NVML): each knows what the other
/// does not. Either may be absent, and NVML does not know the instances of a partitioned GPU (MIG).
/// </summary>
public sealed class Gpus
{
    private const double Mebibyte = 1024 * 1024;

    // CUDA's total is a few percent smaller than NVML's, which counts what the driver reserves.
    private const double SmallestShareOfGpu = 0.85;

    private static readonly Lazy<Gpus> _ofThisProcess =
        new(() => new(new Lazy<Nvml?>(Nvml.TryOpen), new Lazy<CudaLibrary?>(CudaLibrary.TryOpen)));

    private readonly Lazy<Nvml?> _nvml;
    private readonly Lazy<CudaLibrary?> _cuda;
    private readonly ConcurrentDictionary<int, double?> _usedBefore = [];
    private readonly ConcurrentDictionary<int, IReadOnlyList<int>> _othersBefore = [];
    private readonly ConcurrentDictionary<int, bool> _perProcess = [];
    private readonly ConcurrentDictionary<int, int?> _nvmlIndices = [];

    private Gpus(Lazy<Nvml?> nvml, Lazy<CudaLibrary?> cuda) => (_nvml, _cuda) = (nvml, cuda);

    /// <summary>The GPUs as the given libraries report them.</summary>
    internal Gpus(Nvml? nvml, CudaLibrary? cuda = null)
        : this(new Lazy<Nvml?>(nvml), new Lazy<CudaLibrary?>(cuda))
    {
    }

    /// <summary>
    /// The GPUs as the machine's libraries report them, which stay open: initializing them can take a second on an idle GPU.
    /// </summary>
    public static Gpus OfThisProcess => _ofThisProcess.Value;

    /// <summary>The management library; null: there is none.</summary>
    public Nvml? Nvml => _nvml.Value;

    /// <summary>CUDA version that the driver supports; null if unknown.</summary>
    public Version? CudaVersion => _cuda.Value?.Version;

    /// <summary>Number of GPUs that the CUDA driver sees.</summary>
    internal int CudaCount => _cuda.Value?.Count ?? 0;

    /// <summary>What is known about a GPU.</summary>
    public GpuDescription Describe(int index)
    {
        GpuDescription found = _cuda.Value?.Describe(Index(index)) ?? new();
        return VisibleGpus.At(Nvml, Index(index)) is not NvmlDevice device ? found : found.Or(new()
        {
            Name = device.Name,
            TotalBytes = device.TotalBytes > 0 ? device.TotalBytes : null,
            Capability = device.Major > 0 ? (device.Major, device.Minor) : null,
        });
    }

    /// <summary>
    /// Records the memory in use before this process uses a GPU, once: what it takes later, the CUDA context included, is the difference.
    /// </summary>
    public void BeforeUse(int index)
    {
        _usedBefore.GetOrAdd(Index(index), UsedMb);
        _othersBefore.GetOrAdd(Index(index), Processes);
    }

    /// <summary>MiB in use before this process used the GPU; null if unknown.</summary>
    public double? UsedBeforeMb(int index) => _usedBefore.GetOrAdd(Index(index), UsedMb);

    /// <summary>MiB in use by all processes; null if unknown.</summary>
    public double? UsedMb(int index) => NvmlIndex(index) is int gpu ? Nvml?.UsedBytes(gpu) / Mebibyte : null;

    /// <summary>MiB in use by this process as the driver reports it; null if it does not.</summary>
    public double? ProcessMb(int index) => NvmlIndex(index) is int gpu ? Nvml?.ProcessBytes(gpu, Environment.ProcessId) / Mebibyte : null;

    /// <summary>
    /// MiB in use by this process: the driver's figure, or else the growth of the memory in use on the whole GPU; null if unknown.
    /// </summary>
    public double? OwnMb(int index) =>
        IsPerProcess(index) ? ProcessMb(index) : UsedMb(index) - UsedBeforeMb(index) is double grown ? Math.Max(0, grown) : null;

    /// <summary>
    /// Whether the driver reports the memory of this process. Decided at the first call, which must come after its first use of the GPU,
    /// because a figure must not change its meaning.
    /// </summary>
    public bool IsPerProcess(int index) => _perProcess.GetOrAdd(Index(index), gpu => ProcessMb(gpu) is not null);

    /// <summary>MiB that are free for any process; null if unknown.</summary>
    public double? FreeMb(int index) => NvmlIndex(index) is int gpu && Nvml?.FreeBytes(gpu) is ulong free
        ? free / Mebibyte
        : _cuda.Value?.FreeBytes(Index(index)) / Mebibyte;

    /// <summary>Total memory, MiB; null if unknown.</summary>
    public double? TotalMb(int index) => Describe(index).TotalBytes / Mebibyte;

    /// <summary>MiB that other processes took since this one uses the GPU; null if unknown.</summary>
    public double? TakenByOthersMb(int index) =>
        IsPerProcess(index) && UsedMb(index) - ProcessMb(index) - UsedBeforeMb(index) is double taken ? Math.Max(0, taken) : null;

    /// <summary>
    /// Ids of the processes that computed on a GPU before this one used it; empty where the driver does not report their memory. Not
    /// queried later, when this process is among them, in some containers under another id.
    /// </summary>
    public IReadOnlyList<int> ProcessesBefore(int index) => _othersBefore.GetOrAdd(Index(index), Processes);

    private IReadOnlyList<int> Processes(int index) => NvmlIndex(index) is int gpu && Nvml is Nvml nvml
        ? [.. nvml.Processes(gpu).Where(id => id != Environment.ProcessId)]
        : [];

    private int? NvmlIndex(int index) => _nvmlIndices.GetOrAdd(Index(index), FindNvmlIndex);

    // Where CUDA sees an instance of a partitioned GPU, NVML's device is the whole GPU, whose figures mean nothing for the instance.
    private int? FindNvmlIndex(int index) => VisibleGpus.At(Nvml, index) is NvmlDevice found
        && !(_cuda.Value?.Describe(index)?.TotalBytes < SmallestShareOfGpu * found.TotalBytes)
            ? found.Index
            : null;

    private static int Index(int index) => Math.Max(0, index);
}
