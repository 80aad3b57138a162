using System.Text;

namespace LoraLab.Training.Torch;

/// <summary>
/// Bindings of the CUDA driver's library, with functions looked up by name. Each returns a value, or null if the library lacks the
/// function or the call fails. None of them makes a context, which would take memory on the GPU.
/// </summary>
/// <param name="find">Returns the address of a function, or 0.</param>
internal sealed unsafe class CudaFunctions(Func<string, nint> find)
{
    private const int Success = 0;
    private const int TextLength = 256;
    private const int CapabilityMajor = 75;
    private const int CapabilityMinor = 76;

    public bool Start()
    {
        var function = (delegate* unmanaged<uint, int>)find("cuInit");
        return function != null && function(0) == Success;
    }

    /// <summary>CUDA version that the driver supports, 1000 × major + 10 × minor.</summary>
    public int? Version()
    {
        int version = 0;
        var function = (delegate* unmanaged<int*, int>)find("cuDriverGetVersion");
        return function != null && function(&version) == Success ? version : null;
    }

    public int? Count()
    {
        int count = 0;
        var function = (delegate* unmanaged<int*, int>)find("cuDeviceGetCount");
        return function != null && function(&count) == Success ? count : null;
    }

    public int? Device(int index)
    {
        int device = 0;
        var function = (delegate* unmanaged<int*, int, int>)find("cuDeviceGet");
        return function != null && function(&device, index) == Success ? device : null;
    }

    public string? Name(int device)
    {
        byte* text = stackalloc byte[TextLength];
        var function = (delegate* unmanaged<byte*, int, int, int>)find("cuDeviceGetName");
        if (function == null || function(text, TextLength, device) != Success)
        {
            return null;
        }

        ReadOnlySpan<byte> all = new(text, TextLength);
        int end = all.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? all : all[..end]);
    }

    public ulong? TotalBytes(int device)
    {
        nuint bytes = 0;
        var function = (delegate* unmanaged<nuint*, int, int>)find("cuDeviceTotalMem_v2");
        return function != null && function(&bytes, device) == Success ? bytes : null;
    }

    public (int Major, int Minor)? Capability(int device) =>
        Attribute(device, CapabilityMajor) is int major && Attribute(device, CapabilityMinor) is int minor ? (major, minor) : null;

    /// <summary>Whether this process has a context on the device already.</summary>
    public bool HasContext(int device)
    {
        uint flags = 0;
        int active = 0;
        var function = (delegate* unmanaged<int, uint*, int*, int>)find("cuDevicePrimaryCtxGetState");
        return function != null && function(device, &flags, &active) == Success && active != 0;
    }

    /// <summary>Free memory of a device on which this process has a context.</summary>
    public ulong? FreeBytes(int device)
    {
        var retain = (delegate* unmanaged<nint*, int, int>)find("cuDevicePrimaryCtxRetain");
        var push = (delegate* unmanaged<nint, int>)find("cuCtxPushCurrent_v2");
        var pop = (delegate* unmanaged<nint*, int>)find("cuCtxPopCurrent_v2");
        var release = (delegate* unmanaged<int, int>)find("cuDevicePrimaryCtxRelease_v2");
        var memory = (delegate* unmanaged<nuint*, nuint*, int>)find("cuMemGetInfo_v2");
        nint context = 0;
        if (retain == null || push == null || pop == null || release == null || memory == null || retain(&context, device) != Success)
        {
            return null;
        }

        try
        {
            if (push(context) != Success)
            {
                return null;
            }

            nuint free = 0, total = 0;
            bool known = memory(&free, &total) == Success;
            nint popped = 0;
            _ = pop(&popped);
            return known ? free : null;
        }
        finally
        {
            _ = release(device);
        }
    }

    private int? Attribute(int device, int attribute)
    {
        int value = 0;
        var function = (delegate* unmanaged<int*, int, int, int>)find("cuDeviceGetAttribute");
        return function != null && function(&value, attribute, device) == Success ? value : null;
    }
}
