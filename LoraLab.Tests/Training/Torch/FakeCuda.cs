using LoraLab.Training.Torch;

namespace LoraLab.Tests.Training.Torch;

/// <summary>A CUDA driver.</summary>
internal sealed class FakeCuda : FakeLibrary<FakeCuda>
{
    private const int InvalidDevice = 101;
    private const int InvalidValue = 1;
    private const int Context = 77;

    public FakeCuda()
    {
        Functions["cuInit"] = new Flags(_ => InitResult);
        Functions["cuDriverGetVersion"] = new IntOut(version => Put(version, Version));
        Functions["cuDeviceGetCount"] = new IntOut(count => Put(count, Gpus.Count));
        Functions["cuDeviceGet"] = new DeviceOut((device, index) => index < Gpus.Count ? Put(device, index) : InvalidDevice);
        Functions["cuDeviceGetName"] = new NameOut((text, length, device) => Write(Gpus[device].Name, text, length));
        Functions["cuDeviceTotalMem_v2"] = new DeviceOut((bytes, device) => PutLong(bytes, Gpus[device].Total));
        Functions["cuDeviceGetAttribute"] = new AttributeOut((value, attribute, device) => attribute switch
        {
            75 => Put(value, Gpus[device].Major),
            76 => Put(value, Gpus[device].Minor),
            _ => InvalidValue,
        });
        Functions["cuDevicePrimaryCtxGetState"] = new StateOut((_, _, active) => Put(active, HasContext ? 1 : 0));
        Functions["cuDevicePrimaryCtxRetain"] = new DeviceOut((context, _) => ++Retained * PutLong(context, Context));
        Functions["cuCtxPushCurrent_v2"] = new Pointer(context => context == Context ? ++Pushed * 0 : InvalidValue);
        Functions["cuCtxPopCurrent_v2"] = new Pointer(context => --Pushed * PutLong(context, Context));
        Functions["cuDevicePrimaryCtxRelease_v2"] = new Flags(_ => --Retained * 0);
        Functions["cuMemGetInfo_v2"] = new TwoOut((free, total) =>
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

    public int Version { get; init; } = 12080;

    public List<FakeCudaGpu> Gpus { get; init; } = [new("NVIDIA GeForce RTX 2070", 7, 5)];

    /// <summary>Whether the process has used the GPU, without which its free memory is unknown.</summary>
    public bool HasContext { get; set; }

    public long Free { get; set; } = 5L << 30;

    public int Retained { get; private set; }

    public int Pushed { get; private set; }

    public CudaLibrary? Open() => CudaLibrary.Start(Find);
}

/// <summary>A GPU, or an instance of one, of the fake driver.</summary>
internal sealed record FakeCudaGpu(string Name, int Major, int Minor)
{
    public long Total { get; init; } = 8L << 30;
}
