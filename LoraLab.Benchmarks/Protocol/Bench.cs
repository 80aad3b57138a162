using LoraLab.Files;
using LoraLab.Training.Torch;
using TorchSharp;

namespace LoraLab.Benchmarks.Protocol;

/// <summary>Where and how everything is measured.</summary>
/// <param name="Device">Device of the tensor library.</param>
/// <param name="Threads">Its threads.</param>
/// <param name="Repeats">Repeats of each comparison.</param>
/// <param name="Output">Folder of the results; what is temporary lies in it too.</param>
internal sealed record Bench(torch.Device Device, int Threads, int Repeats, string Output)
{
    private const string FixturesVariable = "LORALAB_FIXTURES";

    /// <summary>With one thread on a CPU its CPU time, which other programs disturb little; else the wall's.</summary>
    public Clock Clock => Device.type == DeviceType.CPU && Threads == 1 && !WallOnly ? Clock.Cpu : Clock.Wall;

    /// <summary>Takes the wall's clock whatever the threads: for what is not this process's arithmetic.</summary>
    public bool WallOnly { get; init; }

    /// <summary>Folder of the solution.</summary>
    public string Home { get; } = LoraLabHome.Find();

    /// <summary>GLUE SST-2.</summary>
    public string Sst2 => Fixture("sst2");

    /// <summary>Tokenizer and shape of the paper's model.</summary>
    public string TinyLlama => Fixture("models", "TinyLlama-1.1B-Chat-v1.0-tokenizer-only");

    /// <summary>Says how far it is.</summary>
    public void Log(string line) => Console.Error.WriteLine(line);

    /// <summary>Waits until the device has done everything.</summary>
    public void Synchronize()
    {
        if (Device.type == DeviceType.CUDA)
        {
            torch.cuda.synchronize(Device);
        }
    }

    /// <summary>A model of more than a few blocks is for a GPU: on a CPU the protocol takes hours.</summary>
    /// <exception cref="NotMeasuredException">It is a CPU.</exception>
    public void RequireGpuFor(int layers)
    {
        const int Few = 2;
        if (layers > Few && Device.type != DeviceType.CUDA)
        {
            throw new NotMeasuredException("for a GPU: on a CPU the protocol takes hours with the whole model.");
        }
    }

    /// <summary>Whether the device computes in a precision, rather than emulating it.</summary>
    public bool Computes(torch.ScalarType dtype) => Device.type == DeviceType.CUDA || dtype == torch.float32 || (dtype == torch.bfloat16 && PrecisionRule.CpuHasBf16());

    /// <summary>Refuses a precision that the device would only emulate.</summary>
    /// <exception cref="NotMeasuredException">It would.</exception>
    public void Require(torch.ScalarType dtype)
    {
        if (!Computes(dtype))
        {
            throw new NotMeasuredException($"this CPU has no instructions for {dtype}.");
        }
    }

    /// <summary>A side whose every iteration ends when the device has done it.</summary>
    public Candidate Side(string name, int iterations, Action<int> once) => Candidate.Of(name, iterations, i =>
    {
        once(i);
        Synchronize();
    });

    /// <summary>A finding of a comparison: A's time over that of side <paramref name="i"/>.</summary>
    public Finding Speedup(IMeasurement measurement, Comparison comparison, string a, string b, int i = 1, Target? target = null, string? note = null) => new Finding
    {
        Measurement = measurement.Name,
        What = measurement.What,
        A = a,
        B = b,
        Unit = "× (A / B)",
        Value = comparison.Speedup(i),
        Wall = comparison.Clock == Clock.Cpu ? comparison.Speedup(i, Clock.Wall).Median : null,
        Control = comparison.Itself,
        Clock = comparison.Clock,
        Target = target,
        Details = new Dictionary<string, double> { ["A, s"] = comparison.Seconds(0), ["B, s"] = comparison.Seconds(i), ["A, wall s"] = comparison.Seconds(0, Clock.Wall), ["B, wall s"] = comparison.Seconds(i, Clock.Wall) },
        Note = note,
    }.Judged();

    /// <summary>A new empty folder; whoever makes it deletes it.</summary>
    public TemporaryFolder Temporary() => new(Path.Combine(Output, "tmp", Path.GetRandomFileName()));

    /// <summary>A file or folder of the fixtures.</summary>
    public string Fixture(params string[] parts)
    {
        string set = Environment.GetEnvironmentVariable(FixturesVariable) is { Length: > 0 } value ? value : Path.Combine("..", "shared", "data");
        string path = Path.Combine([Path.GetFullPath(set, Home), .. parts]);
        return Path.Exists(path) ? path : throw new NotMeasuredException($"{string.Join('/', parts)} is not in the folder of the fixtures; set {FixturesVariable}.");
    }
}

/// <summary>A folder that is deleted with everything in it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    /// <summary>Makes the folder.</summary>
    public TemporaryFolder(string path) => FullPath = Directory.CreateDirectory(path).FullName;

    /// <summary>Full path.</summary>
    public string FullPath { get; }

    /// <inheritdoc />
    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
