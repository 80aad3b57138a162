using System.Runtime.InteropServices;
using System.Text;
using LoraLab.Training.Torch;

namespace LoraLab.Tests.Training.Torch;

/// <summary>A CUDA driver implemented in C# and called through function pointers like the real one. Functions can be removed.</summary>
internal sealed class FakeCuda
{
    private const int Success = 0;
    private const int InvalidDevice = 101;
    private const int InvalidValue = 1;
    private const int Context = 77;

    private readonly Dictionary<string, Delegate> _functions = [];

    public FakeCuda()
    {
        _functions["cuInit"] = new Flags(_ => InitResult);
        _functions["cuDriverGetVersion"] = new IntOut(version => Put(version, Version));
        _functions["cuDeviceGetCount"] = new IntOut(count => Put(count, Gpus.Count));
        _functions["cuDeviceGet"] = new DeviceOut((device, index) => index < Gpus.Count ? Put(device, index) : InvalidDevice);
        _functions["cuDeviceGetName"] = new NameOut((text, length, device) =>
        {
            byte[] bytes = Encoding.UTF8.GetBytes(Gpus[device].Name + "\0");
            Marshal.Copy(bytes, 0, text, Math.Min(bytes.Length, length));
            return Success;
        });
        _functions["cuDeviceTotalMem_v2"] = new DeviceOut((bytes, device) => PutLong(bytes, Gpus[device].Total));
        _functions["cuDeviceGetAttribute"] = new AttributeOut((value, attribute, device) => attribute switch
        {
            75 => Put(value, Gpus[device].Major),
            76 => Put(value, Gpus[device].Minor),
            _ => InvalidValue,
        });
        _functions["cuDevicePrimaryCtxGetState"] = new StateOut((_, _, active) => Put(active, HasContext ? 1 : 0));
        _functions["cuDevicePrimaryCtxRetain"] = new DeviceOut((context, _) => ++Retained * PutLong(context, Context));
        _functions["cuCtxPushCurrent_v2"] = new Pointer(context => context == Context ? ++Pushed * 0 : InvalidValue);
        _functions["cuCtxPopCurrent_v2"] = new Pointer(context => --Pushed * PutLong(context, Context));
        _functions["cuDevicePrimaryCtxRelease_v2"] = new Flags(_ => --Retained * 0);
        _functions["cuMemGetInfo_v2"] = new TwoOut((free, total) =>
            Pushed == 1 ? PutLong(free, Free) + PutLong(total, Gpus[0].Total) : InvalidValue);
    }

    private delegate int Flags(uint flags);

    private delegate int IntOut(nint value);

    private delegate int DeviceOut(nint value, int device);

    private delegate int NameOut(nint text, int length, int device);

    private delegate int AttributeOut(nint value, int attribute, int device);

    private delegate int StateOut(int device, nint flags, nint active);

    private delegate int Pointer(nint context);

    private delegate int TwoOut(nint first, nint second);

    public int InitResult { get; init; } = Success;

    public int Version { get; init; } = 12080;

    public List<FakeCudaGpu> Gpus { get; init; } = [new("NVIDIA GeForce RTX 2070", 7, 5)];

    /// <summary>Whether the process has used the GPU, without which its free memory is unknown.</summary>
    public bool HasContext { get; set; }

    public long Free { get; set; } = 5L << 30;

    public int Retained { get; private set; }

    public int Pushed { get; private set; }

    public FakeCuda Without(string function)
    {
        _functions.Remove(function);
        return this;
    }

    public CudaLibrary? Open() => CudaLibrary.Start(
        name => _functions.TryGetValue(name, out Delegate? function) ? Marshal.GetFunctionPointerForDelegate(function) : 0);

    private static int Put(nint at, int value)
    {
        Marshal.WriteInt32(at, value);
        return Success;
    }

    private static int PutLong(nint at, long value)
    {
        Marshal.WriteInt64(at, value);
        return Success;
    }
}

/// <summary>A GPU, or an instance of one, of the fake driver.</summary>
internal sealed record FakeCudaGpu(string Name, int Major, int Minor)
{
    public long Total { get; init; } = 8L << 30;
}
