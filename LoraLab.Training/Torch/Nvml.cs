using System.Runtime.InteropServices;

namespace LoraLab.Training.Torch;

/// <summary>NVIDIA's management library (NVML), for GPU properties that TorchSharp does not expose; part of the NVIDIA driver.</summary>
public sealed class Nvml : IDisposable
{
    private readonly NvmlFunctions _functions;
    private readonly Action _close;

    private Nvml(NvmlFunctions functions, Action close) => (_functions, _close) = (functions, close);

    /// <summary>File name of the library on this system.</summary>
    public static string LibraryName => OperatingSystem.IsWindows() ? "nvml.dll" : "libnvidia-ml.so.1";

    /// <summary>Message for when <see cref="TryOpen"/> returns null.</summary>
    public static string UnavailableMessage =>
        $"NVIDIA's driver library ({LibraryName}) cannot be loaded, so GPU memory and utilization cannot be measured; "
        + "if the machine has an NVIDIA GPU, install or repair its driver.";

    /// <summary>Version of the driver, for example <c>570.133.20</c>; null if unknown.</summary>
    public string? DriverVersion => _functions.DriverVersion();

    /// <summary>Opens and initializes the library; null if there is no NVIDIA driver.</summary>
    public static Nvml? TryOpen()
    {
        return NativeLibrary.TryLoad(LibraryName, out nint library)
            ? Start(name => NativeLibrary.TryGetExport(library, name, out nint address) ? address : 0, () => NativeLibrary.Free(library))
            : null;
    }

    /// <summary>
    /// Initializes a library whose function addresses <paramref name="find"/> returns by name (0: missing); null if that fails.
    /// </summary>
    internal static Nvml? Start(Func<string, nint> find, Action close)
    {
        NvmlFunctions functions = new(find);
        if (functions.Start())
        {
            return new(functions, close);
        }

        close();
        return null;
    }

    /// <summary>The GPUs, by index. Values that a GPU or an old library does not provide are null.</summary>
    public IReadOnlyList<NvmlDevice> Devices()
    {
        List<NvmlDevice> devices = [];
        for (uint i = 0; i < (_functions.Count() ?? 0); i++)
        {
            if (_functions.Handle(i) is nint handle)
            {
                (ulong total, _, ulong used) = _functions.Memory(handle) ?? default;
                (int major, int minor) = _functions.Capability(handle) ?? default;
                devices.Add(new NvmlDevice((int)i, _functions.Name(handle) ?? "NVIDIA GPU", total, used, major, minor)
                {
                    Uuid = _functions.Uuid(handle),
                    Utilization = _functions.Utilization(handle) / 100.0,
                    TemperatureCelsius = _functions.Temperature(handle),
                    PowerWatts = _functions.Power(handle) / 1000.0,
                });
            }
        }

        return devices;
    }

    /// <summary>Bytes in use on a GPU by all processes; null if unknown.</summary>
    public ulong? UsedBytes(int index) => _functions.Handle((uint)index) is nint handle ? _functions.Memory(handle)?.Used : null;

    /// <summary>Bytes of a GPU that no process uses; null if unknown.</summary>
    public ulong? FreeBytes(int index) => _functions.Handle((uint)index) is nint handle ? _functions.Memory(handle)?.Free : null;

    /// <summary>
    /// Bytes in use on a GPU by one process; null if the driver does not report it (GeForce cards on Windows) or does not list the
    /// process under this id (some containers).
    /// </summary>
    public ulong? ProcessBytes(int index, int processId) =>
        _functions.Handle((uint)index) is nint handle ? _functions.ProcessBytes(handle, (uint)processId) : null;

    /// <summary>
    /// Ids of the processes that compute on a GPU and whose memory the driver reports; empty where it reports none: on Windows, every
    /// program with a window is listed.
    /// </summary>
    public IReadOnlyList<int> Processes(int index) =>
        _functions.Handle((uint)index) is nint handle ? _functions.ProcessIds(handle) ?? [] : [];

    /// <inheritdoc />
    public void Dispose()
    {
        _functions.Stop();
        _close();
    }
}
