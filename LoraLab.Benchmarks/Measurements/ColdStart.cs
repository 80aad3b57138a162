using LoraLab.Benchmarks.Processes;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>From the start of the trainer's process to the first step that it tells: seconds, not a ratio, for there is nothing beside it here.</summary>
internal sealed class ColdStart : IMeasurement
{
    /// <inheritdoc />
    public string Name => "start-cold";

    /// <inheritdoc />
    public string What => "start of the trainer's process to its first step, bundled sample, eight evaluation rows before";

    /// <summary>A run that is nothing but its start.</summary>
    public static RunSpec Micro(Bench bench) => Specs.Sample(bench) with { MaxSteps = 1, Epochs = 1, TrainSamples = 16, EvalSamples = 8 };

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using TemporaryFolder folder = bench.Temporary();
        BareRun bare = new(bench, folder.FullPath);
        RunSpec spec = Micro(bench);
        bare.Train(spec);
        List<(double Process, double Load, double FirstStep, double Cpu)> starts = [];
        for (int repeat = 0; repeat < 2 * bench.Repeats; repeat++)
        {
            DateTimeOffset began = TimeProvider.System.GetUtcNow();
            Duration whole = bare.Train(spec);
            RunEvents events = new(bare.Last);
            starts.Add(((events.Started - began).TotalSeconds, (events.Prepared - began).TotalSeconds, (events.FirstStep - began).TotalSeconds, whole.Cpu ?? double.NaN));
            bench.Log($"  {starts[^1]}");
        }

        return
        [
            new Finding
            {
                Measurement = Name,
                What = What,
                Unit = "s",
                Value = Spread.Of([.. starts.Select(start => start.FirstStep)]),
                Clock = Clock.Wall,
                Details = new Dictionary<string, double>
                {
                    ["to the first event, s"] = Statistics.Median(starts.Select(start => start.Process)),
                    ["to model and data loaded, s"] = Statistics.Median(starts.Select(start => start.Load)),
                    ["CPU of the whole process, s"] = Statistics.Median(starts.Select(start => start.Cpu)),
                },
                Note = "Python with torch and peft, the other side of the comparison, is not here",
            }.Judged(),
        ];
    }
}
