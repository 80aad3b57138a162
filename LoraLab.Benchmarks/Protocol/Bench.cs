using LoraLab.Files;
using LoraLab.Training.Torch;
using TorchSharp;

namespace LoraLab.Benchmarks.Protocol;

/// <summary>Settings of the measurements.</summary>
/// <param name="Device">Device of the tensor library.</param>
/// <param name="Threads">Threads of the tensor library.</param>
/// <param name="Repeats">Repeats of each comparison.</param>
/// <param name="Output">Folder for the results and temporary files.</param>
internal sealed record Bench(torch.Device Device, int Threads, int Repeats, string Output)
{
    private const string FixturesVariable = "LORALAB_FIXTURES";

    /// <summary>CPU time with one thread on a CPU, which is robust to other load; otherwise wall time.</summary>
    public Clock Clock => Device.type == DeviceType.CPU && Threads == 1 && !WallOnly ? Clock.Cpu : Clock.Wall;

    /// <summary>Always use wall time: for work outside this process or other than arithmetic.</summary>
    public bool WallOnly { get; init; }

    /// <summary>Folder of the solution.</summary>
    public string Home { get; } = LoraLabHome.Find();

    /// <summary>GLUE SST-2.</summary>
    public string Sst2 => Fixture("sst2");

    /// <summary>Tokenizer and shape of the paper's model.</summary>
    public string TinyLlama => Fixture("models", "TinyLlama-1.1B-Chat-v1.0-tokenizer-only");

    /// <summary>A folder of a model in the fixtures.</summary>
    public string Model(string name) => Fixture("models", name);

    /// <summary>Writes a progress line to standard error.</summary>
    public void Log(string line) => Console.Error.WriteLine(line);

    /// <summary>Waits for all work on the device.</summary>
    public void Synchronize()
    {
        if (Device.type == DeviceType.CUDA)
        {
            torch.cuda.synchronize(Device);
        }
    }

    /// <summary>Requires a GPU for more than two blocks: on a CPU the protocol would take hours.</summary>
    /// <exception cref="NotMeasuredException">The device is a CPU.</exception>
    public void RequireGpuFor(int layers)
    {
        const int MaxOnCpu = 2;
        if (layers > MaxOnCpu && Device.type != DeviceType.CUDA)
        {
            throw new NotMeasuredException("requires a GPU: with the whole model the protocol takes hours on a CPU.");
        }
    }

    /// <summary>Whether the device has native instructions for a precision.</summary>
    public bool Supports(torch.ScalarType dtype) =>
        Device.type == DeviceType.CUDA || dtype == torch.float32 || (dtype == torch.bfloat16 && PrecisionRule.CpuHasBf16());

    /// <summary>Requires native instructions for a precision.</summary>
    /// <exception cref="NotMeasuredException">The device would emulate it.</exception>
    public void Require(torch.ScalarType dtype)
    {
        if (!Supports(dtype))
        {
            throw new NotMeasuredException($"this CPU has no instructions for {dtype}.");
        }
    }

    /// <summary>A side of a comparison; each iteration includes the synchronization of the device.</summary>
    public Candidate Side(string name, int iterations, Action<int> once) => Candidate.InProcess(name, iterations, i =>
    {
        once(i);
        Synchronize();
    });

    /// <summary>The speedup in a comparison: time of A / time of side <paramref name="i"/>.</summary>
    public Finding Speedup(
        IMeasurement measurement,
        Comparison comparison,
        string a,
        string b,
        int i = 1,
        Target? target = null,
        string? note = null) => new Finding
        {
            Measurement = measurement.Name,
            Description = measurement.Description,
            A = a,
            B = b,
            Unit = "× (A / B)",
            Value = comparison.Speedup(i),
            Wall = comparison.Clock == Clock.Cpu ? comparison.Speedup(i, Clock.Wall).Median : null,
            Control = comparison.ControlRatio,
            Clock = comparison.Clock,
            Target = target,
            Details = new Dictionary<string, double>
            {
                ["A, s"] = comparison.Seconds(0),
                ["B, s"] = comparison.Seconds(i),
                ["A, wall s"] = comparison.Seconds(0, Clock.Wall),
                ["B, wall s"] = comparison.Seconds(i, Clock.Wall),
            },
            Note = note,
        }.WithVerdict();

    /// <summary>Creates an empty folder, which the caller disposes.</summary>
    public TemporaryFolder CreateTemporaryFolder() => new(Path.Combine(Output, "tmp", Path.GetRandomFileName()));

    /// <summary>A file or folder of the fixtures.</summary>
    public string Fixture(params string[] parts)
    {
        string set = Environment.GetEnvironmentVariable(FixturesVariable) is { Length: > 0 } value
            ? value
            : Path.Combine("..", "shared", "data");
        string path = Path.Combine([Path.GetFullPath(set, Home), .. parts]);
        return Path.Exists(path)
            ? path
            : throw new NotMeasuredException($"{string.Join('/', parts)} does not exist in the fixtures folder; set {FixturesVariable}.");
    }
}

/// <summary>A folder that is deleted with everything in it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    /// <summary>Creates the folder.</summary>
    public TemporaryFolder(string path) => FullPath = Directory.CreateDirectory(path).FullName;

    /// <summary>Full path.</summary>
    public string FullPath { get; }

    /// <inheritdoc />
    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
