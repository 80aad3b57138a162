using System.Runtime.InteropServices;
using System.Text;

namespace LoraLab.Training.Torch;

/// <summary>NVIDIA's management library: what TorchSharp cannot tell of a GPU. Absent on machines without its driver.</summary>
public sealed class Nvml : IDisposable
{
    private const int Success = 0;
    private const int NameLength = 96;
    private readonly nint _library;

    private Nvml(nint library) => _library = library;

    /// <summary>The library, started; null where there is no NVIDIA driver.</summary>
    public static Nvml? TryOpen()
    {
        string name = OperatingSystem.IsWindows() ? "nvml.dll" : "libnvidia-ml.so.1";
        if (!NativeLibrary.TryLoad(name, out nint library))
        {
            return null;
        }

        Nvml nvml = new(library);
        if (nvml.Function<Start>("nvmlInit_v2")() == Success)
        {
            return nvml;
        }

        NativeLibrary.Free(library);
        return null;
    }

    /// <summary>The GPUs, by index.</summary>
    public IReadOnlyList<NvmlDevice> Devices()
    {
        List<NvmlDevice> devices = [];
        if (Function<Count>("nvmlDeviceGetCount_v2")(out uint count) != Success)
        {
            return devices;
        }

        for (uint i = 0; i < count; i++)
        {
            if (Function<Handle>("nvmlDeviceGetHandleByIndex_v2")(i, out nint handle) != Success)
            {
                continue;
            }

            byte[] name = new byte[NameLength];
            Function<Name>("nvmlDeviceGetName")(handle, name, NameLength);
            Function<Memory>("nvmlDeviceGetMemoryInfo")(handle, out MemoryInfo memory);
            Function<Capability>("nvmlDeviceGetCudaComputeCapability")(handle, out int major, out int minor);
            devices.Add(new((int)i, Encoding.ASCII.GetString(name).TrimEnd('\0'), memory.Total, memory.Used, major, minor));
        }

        return devices;
    }

    /// <summary>Bytes in use on a GPU by everybody, or null when it cannot be told.</summary>
    public ulong? UsedBytes(int index) =>
        Function<Handle>("nvmlDeviceGetHandleByIndex_v2")((uint)index, out nint handle) == Success
        && Function<Memory>("nvmlDeviceGetMemoryInfo")(handle, out MemoryInfo memory) == Success
            ? memory.Used
            : null;

    /// <inheritdoc />
    public void Dispose()
    {
        Function<Start>("nvmlShutdown")();
        NativeLibrary.Free(_library);
    }

    private T Function<T>(string name)
        where T : Delegate => Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(_library, name));

    private delegate int Start();

    private delegate int Count(out uint count);

    private delegate int Handle(uint index, out nint handle);

    private delegate int Name(nint handle, byte[] name, uint length);

    private delegate int Memory(nint handle, out MemoryInfo memory);

    private delegate int Capability(nint handle, out int major, out int minor);

    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryInfo
    {
        public ulong Total;
        public ulong Free;
        public ulong Used;
    }
}

/// <summary>A GPU as the driver describes it.</summary>
/// <param name="Index">Index, in the driver's order.</param>
/// <param name="Name">Product name.</param>
/// <param name="TotalBytes">Memory.</param>
/// <param name="UsedBytes">Memory in use by everybody.</param>
/// <param name="Major">Compute capability, major.</param>
/// <param name="Minor">Compute capability, minor.</param>
public sealed record NvmlDevice(int Index, string Name, ulong TotalBytes, ulong UsedBytes, int Major, int Minor);
