using System.Runtime.InteropServices;
using System.Text;
using LoraLab.Training.Torch;

namespace LoraLab.Tests.Training.Torch;

/// <summary>
/// A management library implemented in C# and called through function pointers like the real one. Functions can be
/// removed, as in an old library.
/// </summary>
internal sealed class FakeNvml
{
    private const int Success = 0;
    private const int InvalidArgument = 2;
    private const int NotSupported = 3;
    private const int InsufficientSize = 7;
    private const int ProcessInfoSize = 24;

    private readonly Dictionary<string, Delegate> _functions = [];

    public FakeNvml()
    {
        _functions["nvmlInit_v2"] = new NoArguments(() => InitResult);
        _functions["nvmlShutdown"] = new NoArguments(() => ++Stopped * 0);
        _functions["nvmlSystemGetDriverVersion"] = new TextOut((text, length) => Write(Driver, text, length));
        _functions["nvmlDeviceGetCount_v2"] = new IntOut(count => Put(count, Gpus.Count));
        _functions["nvmlDeviceGetHandleByIndex_v2"] = new IndexToHandle((index, handle) =>
            index < Gpus.Count ? PutPointer(handle, 1000 + (int)index) : InvalidArgument);
        _functions["nvmlDeviceGetName"] = new HandleTextOut((handle, text, length) => Write(Of(handle).Name, text, length));
        _functions["nvmlDeviceGetUUID"] = new HandleTextOut((handle, text, length) => Write(Of(handle).Uuid, text, length));
        _functions["nvmlDeviceGetMemoryInfo"] = new HandleOut((handle, memory) =>
            Put(memory, 8L << 30, (8L << 30) - Of(handle).Used, Of(handle).Used));
        _functions["nvmlDeviceGetCudaComputeCapability"] = new HandleTwoOut((handle, major, minor) =>
            Put(major, Of(handle).Major) + Put(minor, Of(handle).Minor));
        _functions["nvmlDeviceGetUtilizationRates"] = new HandleOut((handle, rates) => Put(rates, 40) + Put(rates + sizeof(int), 7));
        _functions["nvmlDeviceGetTemperature"] = new HandleKindOut((_, kind, degrees) => kind == 0 ? Put(degrees, 61) : InvalidArgument);
        _functions["nvmlDeviceGetPowerUsage"] = new HandleOut((_, power) => Milliwatts is int value ? Put(power, value) : NotSupported);
        _functions["nvmlDeviceGetComputeRunningProcesses_v3"] = new HandleTwoOut(Processes);
    }

    private delegate int NoArguments();

    private delegate int IntOut(nint value);

    private delegate int TextOut(nint text, uint length);

    private delegate int IndexToHandle(uint index, nint handle);

    private delegate int HandleOut(nint handle, nint value);

    private delegate int HandleTwoOut(nint handle, nint first, nint second);

    private delegate int HandleKindOut(nint handle, int kind, nint value);

    private delegate int HandleTextOut(nint handle, nint text, uint length);

    public int InitResult { get; init; } = Success;

    public string Driver { get; init; } = "570.133.20";

    public int? Milliwatts { get; init; } = 151_500;

    public List<FakeGpu> Gpus { get; init; } = [new("GPU-aaaa-0", "NVIDIA GeForce RTX 2070", 7, 5)];

    /// <summary>Process id, bytes and GPU of all compute processes.</summary>
    public List<(int Id, ulong Bytes, int Gpu)> Running { get; } = [];

    public int Stopped { get; private set; }

    public int Closed { get; private set; }

    public FakeNvml Without(string function)
    {
        _functions.Remove(function);
        return this;
    }

    public Nvml? Open() => Nvml.Start(
        name => _functions.TryGetValue(name, out Delegate? function) ? Marshal.GetFunctionPointerForDelegate(function) : 0, () => Closed++);

    private FakeGpu Of(nint handle) => Gpus[(int)handle - 1000];

    private int Processes(nint handle, nint count, nint infos)
    {
        List<(int Id, ulong Bytes, int Gpu)> here = [.. Running.Where(process => process.Gpu == handle - 1000)];
        bool fits = Marshal.ReadInt32(count) >= here.Count;
        Put(count, here.Count);
        for (int i = 0; fits && i < here.Count; i++)
        {
            Put(infos + (i * ProcessInfoSize), here[i].Id);
            Put(infos + (i * ProcessInfoSize) + sizeof(long), (long)here[i].Bytes);
        }

        return fits ? Success : InsufficientSize;
    }

    private static int Put(nint at, params ReadOnlySpan<long> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            Marshal.WriteInt64(at, i * sizeof(long), values[i]);
        }

        return Success;
    }

    private static int Put(nint at, int value)
    {
        Marshal.WriteInt32(at, value);
        return Success;
    }

    private static int PutPointer(nint at, int value)
    {
        Marshal.WriteIntPtr(at, value);
        return Success;
    }

    private static int Write(string value, nint text, uint length)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value + "\0");
        Marshal.Copy(bytes, 0, text, Math.Min(bytes.Length, (int)length));
        return Success;
    }
}

/// <summary>A GPU of the fake library; its memory in use can change.</summary>
internal sealed record FakeGpu(string Uuid, string Name, int Major, int Minor)
{
    public long Used { get; set; } = 1L << 30;
}
