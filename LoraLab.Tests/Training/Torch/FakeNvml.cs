using System.Runtime.InteropServices;
using LoraLab.Training.Torch;

namespace LoraLab.Tests.Training.Torch;

/// <summary>A management library.</summary>
internal sealed class FakeNvml : FakeLibrary<FakeNvml>
{
    private const int InvalidArgument = 2;
    private const int NotSupported = 3;
    private const int InsufficientSize = 7;
    private const int ProcessInfoSize = 24;

    public FakeNvml()
    {
        Functions["nvmlInit_v2"] = new NoArguments(() => InitResult);
        Functions["nvmlShutdown"] = new NoArguments(() => ++Stopped * 0);
        Functions["nvmlSystemGetDriverVersion"] = new TextOut((text, length) => Write(Driver, text, (int)length));
        Functions["nvmlDeviceGetCount_v2"] = new IntOut(count => Put(count, Gpus.Count));
        Functions["nvmlDeviceGetHandleByIndex_v2"] = new IndexToHandle((index, handle) =>
            index < Gpus.Count ? PutPointer(handle, 1000 + (int)index) : InvalidArgument);
        Functions["nvmlDeviceGetName"] = new HandleTextOut((handle, text, length) => Write(Of(handle).Name, text, (int)length));
        Functions["nvmlDeviceGetUUID"] = new HandleTextOut((handle, text, length) => Write(Of(handle).Uuid, text, (int)length));
        Functions["nvmlDeviceGetMemoryInfo"] = new HandleOut((handle, memory) =>
            PutLong(memory, 8L << 30, (8L << 30) - Of(handle).Used, Of(handle).Used));
        Functions["nvmlDeviceGetCudaComputeCapability"] = new HandleTwoOut((handle, major, minor) =>
            Put(major, Of(handle).Major) + Put(minor, Of(handle).Minor));
        Functions["nvmlDeviceGetUtilizationRates"] = new HandleOut((handle, rates) => Put(rates, 40) + Put(rates + sizeof(int), 7));
        Functions["nvmlDeviceGetTemperature"] = new HandleKindOut((_, kind, degrees) => kind == 0 ? Put(degrees, 61) : InvalidArgument);
        Functions["nvmlDeviceGetPowerUsage"] = new HandleOut((_, power) => Milliwatts is int value ? Put(power, value) : NotSupported);
        Functions["nvmlDeviceGetComputeRunningProcesses_v3"] = new HandleTwoOut(Processes);
    }

    private delegate int NoArguments();

    private delegate int IntOut(nint value);

    private delegate int TextOut(nint text, uint length);

    private delegate int IndexToHandle(uint index, nint handle);

    private delegate int HandleOut(nint handle, nint value);

    private delegate int HandleTwoOut(nint handle, nint first, nint second);

    private delegate int HandleKindOut(nint handle, int kind, nint value);

    private delegate int HandleTextOut(nint handle, nint text, uint length);

    public string Driver { get; init; } = "570.133.20";

    public int? Milliwatts { get; init; } = 151_500;

    public List<FakeGpu> Gpus { get; init; } = [new("GPU-aaaa-0", "NVIDIA GeForce RTX 2070", 7, 5)];

    /// <summary>Process id, bytes and GPU of all compute processes.</summary>
    public List<(int Id, ulong Bytes, int Gpu)> Running { get; } = [];

    public int Stopped { get; private set; }

    public int Closed { get; private set; }

    public Nvml? Open() => Nvml.Start(Find, () => Closed++);

    private FakeGpu Of(nint handle) => Gpus[(int)handle - 1000];

    private int Processes(nint handle, nint count, nint infos)
    {
        List<(int Id, ulong Bytes, int Gpu)> here = [.. Running.Where(process => process.Gpu == handle - 1000)];
        bool fits = Marshal.ReadInt32(count) >= here.Count;
        Put(count, here.Count);
        for (int i = 0; fits && i < here.Count; i++)
        {
            Put(infos + (i * ProcessInfoSize), here[i].Id);
            PutLong(infos + (i * ProcessInfoSize) + sizeof(long), (long)here[i].Bytes);
        }

        return fits ? Success : InsufficientSize;
    }

    private static int PutPointer(nint at, int value)
    {
        Marshal.WriteIntPtr(at, value);
        return Success;
    }
}

/// <summary>A GPU of the fake library; its memory in use can change.</summary>
internal sealed record FakeGpu(string Uuid, string Name, int Major, int Minor)
{
    public long Used { get; set; } = 1L << 30;
}
