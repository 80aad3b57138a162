using LoraLab.Benchmarks.Processes;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>
/// From the start of the trainer process to its first reported step: seconds, not a ratio, because there is no other side.
/// </summary>
internal sealed class ColdStart : IMeasurement
{
    /// <inheritdoc />
    public string Name => "start-cold";

    /// <inheritdoc />
    public string Description => "start of the trainer process to its first step, bundled sample, after eight evaluation rows";

    /// <summary>A run of one step.</summary>
    public static RunSpec Micro(Bench bench) => Specs.Sample(bench) with { MaxSteps = 1, Epochs = 1, TrainSamples = 16, EvalSamples = 8 };

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using TemporaryFolder folder = bench.CreateTemporaryFolder();
        BareRun bare = new(bench, folder.FullPath);
        RunSpec spec = Micro(bench);
        bare.Train(spec);
        List<(double Process, double Load, double FirstStep, double Cpu)> starts = [];
        for (int repeat = 0; repeat < 2 * bench.Repeats; repeat++)
        {
            DateTimeOffset started = TimeProvider.System.GetUtcNow();
            Duration whole = bare.Train(spec);
            RunEvents events = new(bare.Last);
            starts.Add(((events.Started - started).TotalSeconds, (events.Prepared - started).TotalSeconds,
                (events.FirstStep - started).TotalSeconds, whole.Cpu ?? double.NaN));
            bench.Log($"  {starts[^1]}");
        }

        return
        [
            new Finding
            {
                Measurement = Name,
                Description = Description,
                Unit = "s",
                Value = Spread.From([.. starts.Select(start => start.FirstStep)]),
                Clock = Clock.Wall,
                Details = new Dictionary<string, double>
                {
                    ["to the first event, s"] = Statistics.Median(starts.Select(start => start.Process)),
                    ["to model and data loaded, s"] = Statistics.Median(starts.Select(start => start.Load)),
                    ["CPU of the whole process, s"] = Statistics.Median(starts.Select(start => start.Cpu)),
                },
                Note = "the other side of the comparison, Python with torch and peft, was not available",
            }.WithVerdict(),
        ];
    }
}
