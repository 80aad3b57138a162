using System.Runtime.InteropServices;

namespace LoraLab.Training.Torch;

/// <summary>Bindings of NVIDIA's management library.</summary>
/// <param name="find">Returns the address of a function, or 0.</param>
internal sealed unsafe class NvmlFunctions(Func<string, nint> find) : DriverFunctions(find)
{
    private const int InsufficientSize = 7;
    private const int TextLength = 96;
    private const ulong NotAvailable = ulong.MaxValue;
    private const int GpuTemperatureSensor = 0;

    public bool Start() => Call("nvmlInit_v2");

    public void Stop() => Call("nvmlShutdown");

    public uint? Count() => Value<uint>("nvmlDeviceGetCount_v2");

    public nint? Handle(uint index) => Of<uint, nint>("nvmlDeviceGetHandleByIndex_v2", index);

    public string? DriverVersion()
    {
        byte* text = stackalloc byte[TextLength];
        var function = (delegate* unmanaged<byte*, uint, int>)Find("nvmlSystemGetDriverVersion");
        return function != null && function(text, TextLength) == Success ? Text(text, TextLength) : null;
    }

    public string? Name(nint handle) => TextOf("nvmlDeviceGetName", handle);

    public string? Uuid(nint handle) => TextOf("nvmlDeviceGetUUID", handle);

    public (ulong Total, ulong Free, ulong Used)? Memory(nint handle) =>
        Of<nint, MemoryInfo>("nvmlDeviceGetMemoryInfo", handle) is MemoryInfo memory ? (memory.Total, memory.Free, memory.Used) : null;

    public (int Major, int Minor)? Capability(nint handle)
    {
        int major = 0, minor = 0;
        var function = (delegate* unmanaged<nint, int*, int*, int>)Find("nvmlDeviceGetCudaComputeCapability");
        return function != null && function(handle, &major, &minor) == Success ? (major, minor) : null;
    }

    /// <summary>Percentage of the last sampling period during which a kernel was running.</summary>
    public uint? Utilization(nint handle) => Of<nint, UtilizationRates>("nvmlDeviceGetUtilizationRates", handle)?.Gpu;

    /// <summary>Degrees Celsius.</summary>
    public uint? Temperature(nint handle)
    {
        uint degrees = 0;
        var function = (delegate* unmanaged<nint, int, uint*, int>)Find("nvmlDeviceGetTemperature");
        return function != null && function(handle, GpuTemperatureSensor, &degrees) == Success ? degrees : null;
    }

    /// <summary>Milliwatts.</summary>
    public uint? Power(nint handle) => Of<nint, uint>("nvmlDeviceGetPowerUsage", handle);

    /// <summary>Bytes used by a process; null if the process is not listed or its memory is not available (WDDM on Windows).</summary>
    public ulong? ProcessBytes(nint handle, uint processId) => List(handle) is ProcessInfo[] listed ? Sum(listed, processId) : null;

    /// <summary>Ids of the processes whose memory is available; null if the processes cannot be listed.</summary>
    public IReadOnlyList<int>? ProcessIds(nint handle) => List(handle) is ProcessInfo[] listed
        ? [.. listed.Where(process => process.UsedBytes != NotAvailable).Select(process => (int)process.Id).Distinct()]
        : null;

    private ProcessInfo[]? List(nint handle)
    {
        nint address = Find("nvmlDeviceGetComputeRunningProcesses_v3");
        address = address == 0 ? Find("nvmlDeviceGetComputeRunningProcesses_v2") : address;
        if (address == 0)
        {
            return null;
        }

        var function = (delegate* unmanaged<nint, uint*, ProcessInfo*, int>)address;
        // The number of processes may grow between calls: retry with a larger buffer instead of asking for it first.
        for (uint capacity = 16; capacity <= 4096; capacity *= 4)
        {
            uint count = capacity;
            ProcessInfo[] processes = new ProcessInfo[capacity];
            int result;
            fixed (ProcessInfo* first = processes)
            {
                result = function(handle, &count, first);
            }

            if (result != InsufficientSize)
            {
                return result == Success ? processes[..(int)Math.Min(count, capacity)] : null;
            }
        }

        return null;
    }

    private static ulong? Sum(ReadOnlySpan<ProcessInfo> processes, uint processId)
    {
        ulong? sum = null;
        foreach (ProcessInfo process in processes)
        {
            if (process.Id == processId)
            {
                if (process.UsedBytes == NotAvailable)
                {
                    return null;
                }

                sum = (sum ?? 0) + process.UsedBytes;
            }
        }

        return sum;
    }

    private bool Call(string name)
    {
        var function = (delegate* unmanaged<int>)Find(name);
        return function != null && function() == Success;
    }

    private string? TextOf(string name, nint handle)
    {
        byte* text = stackalloc byte[TextLength];
        var function = (delegate* unmanaged<nint, byte*, uint, int>)Find(name);
        return function != null && function(handle, text, TextLength) == Success ? Text(text, TextLength) : null;
    }

    // What a function writes about a GPU, by its index or handle.
    private T? Of<TGpu, T>(string name, TGpu gpu)
        where TGpu : unmanaged
        where T : unmanaged
    {
        T value = default;
        var function = (delegate* unmanaged<TGpu, T*, int>)Find(name);
        return function != null && function(gpu, &value) == Success ? value : null;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryInfo
    {
        public ulong Total;
        public ulong Free;
        public ulong Used;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct UtilizationRates
    {
        public uint Gpu;
        public uint Memory;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ProcessInfo
    {
        public uint Id;
        public ulong UsedBytes;
        public uint GpuInstance;
        public uint ComputeInstance;
    }
}
