namespace LoraLab.Training.Torch;

/// <summary>
/// Bindings of the CUDA driver's library. None of them makes a context, which would take memory on the GPU.
/// </summary>
/// <param name="find">Returns the address of a function, or 0.</param>
internal sealed unsafe class CudaFunctions(Func<string, nint> find) : DriverFunctions(find)
{
    private const int TextLength = 256;
    private const int CapabilityMajor = 75;
    private const int CapabilityMinor = 76;

    public bool Start()
    {
        var function = (delegate* unmanaged<uint, int>)Find("cuInit");
        return function != null && function(0) == Success;
    }

    /// <summary>CUDA version that the driver supports, 1000 × major + 10 × minor.</summary>
    public int? Version() => Value<int>("cuDriverGetVersion");

    public int? Count() => Value<int>("cuDeviceGetCount");

    public int? Device(int index) => Of<int>("cuDeviceGet", index);

    public string? Name(int device)
    {
        byte* text = stackalloc byte[TextLength];
        var function = (delegate* unmanaged<byte*, int, int, int>)Find("cuDeviceGetName");
        return function != null && function(text, TextLength, device) == Success ? Text(text, TextLength) : null;
    }

    public ulong? TotalBytes(int device) => Of<nuint>("cuDeviceTotalMem_v2", device);

    public (int Major, int Minor)? Capability(int device) =>
        Attribute(device, CapabilityMajor) is int major && Attribute(device, CapabilityMinor) is int minor ? (major, minor) : null;

    /// <summary>Whether this process has a context on the device already.</summary>
    public bool HasContext(int device)
    {
        uint flags = 0;
        int active = 0;
        var function = (delegate* unmanaged<int, uint*, int*, int>)Find("cuDevicePrimaryCtxGetState");
        return function != null && function(device, &flags, &active) == Success && active != 0;
    }

    /// <summary>Free memory of a device on which this process has a context.</summary>
    public ulong? FreeBytes(int device)
    {
        var retain = (delegate* unmanaged<nint*, int, int>)Find("cuDevicePrimaryCtxRetain");
        var push = (delegate* unmanaged<nint, int>)Find("cuCtxPushCurrent_v2");
        var pop = (delegate* unmanaged<nint*, int>)Find("cuCtxPopCurrent_v2");
        var release = (delegate* unmanaged<int, int>)Find("cuDevicePrimaryCtxRelease_v2");
        var memory = (delegate* unmanaged<nuint*, nuint*, int>)Find("cuMemGetInfo_v2");
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

    // What a function writes about a device, or for an index.
    private T? Of<T>(string name, int device)
        where T : unmanaged
    {
        T value = default;
        var function = (delegate* unmanaged<T*, int, int>)Find(name);
        return function != null && function(&value, device) == Success ? value : null;
    }

    private int? Attribute(int device, int attribute)
    {
        int value = 0;
        var function = (delegate* unmanaged<int*, int, int, int>)Find("cuDeviceGetAttribute");
        return function != null && function(&value, attribute, device) == Success ? value : null;
    }
}
