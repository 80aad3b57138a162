using LoraLab.Benchmarks.Processes;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>A whole run through server, store and hub, with one subscriber, against the same run of the bare trainer.</summary>
internal sealed class ServerOverhead : IMeasurement
{
    private const int Steps = 200;
    private readonly List<double> _bareWhole = [];
    private readonly List<double> _servedWhole = [];

    /// <inheritdoc />
    public string Name => "server-overhead";

    /// <inheritdoc />
    public string Description =>
        $"training and evaluation seconds of a run, through server, store and hub / bare trainer, stories260K, {Steps} steps";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using TemporaryFolder folder = bench.CreateTemporaryFolder();
        RunSpec spec = Specs.Stories(bench) with { MaxSteps = Steps, Epochs = 2 };
        string data = Path.Combine(folder.FullPath, "server");
        BareRun bare = new(bench, folder.FullPath);
        using ServerProcess server = new(bench, Specs.Environment(bench, data));
        double idle = server.CpuSeconds;
        Comparison compared = Blocks.Compare(
            bench with { WallOnly = true },
            new Candidate("bare", 1, _ =>
            {
                bare.Train(spec);
                return Times(bare.Last, _bareWhole);
            }),
            [
                new Candidate("served", 1, _ =>
                {
                    server.Run(spec);
                    return Times(data, _servedWhole);
                }),
            ]);
        double served = (server.CpuSeconds - idle) / _servedWhole.Count;
        Finding ratio = new()
        {
            Measurement = Name,
            Description = Description,
            A = "bare trainer",
            B = "server, store, hub, one subscriber",
            Unit = "B / A",
            Value = compared.Share(1),
            Control = compared.ControlRatio,
            Clock = Clock.Wall,
            Target = Target.NoMoreThan(1.01, 1.002),
            Details = new Dictionary<string, double>
            {
                ["bare, s"] = compared.Seconds(0),
                ["served, s"] = compared.Seconds(1),
                ["CPU of the server per run, s"] = served,
            },
            Note = $"the subscriber received {server.Events} messages in {_servedWhole.Count} runs; the worker has "
                + $"{(bench.Threads == 1 ? "1 thread" : $"{bench.Threads} threads")}, the server uses the remaining cores",
        };
        double whole = Statistics.Median(_servedWhole) / Statistics.Median(_bareWhole);
        return
        [
            ratio.WithVerdict(),
            ratio with
            {
                Description = "the same from the first reported step to the last reported evaluation, ratio of medians",
                Value = new(whole, whole, whole),
                Control = null,
                Target = null,
                Details = new Dictionary<string, double>
                {
                    ["bare, s"] = Statistics.Median(_bareWhole),
                    ["served, s"] = Statistics.Median(_servedWhole),
                },
                Note = null,
            },
        ];
    }

    private static Duration Times(string folder, List<double> whole)
    {
        RunEvents events = new(folder);
        whole.Add((events.LastEvaluation - events.FirstStep).TotalSeconds);
        return new(events.Summary.TrainSeconds!.Value + events.Summary.EvalSeconds!.Value, null);
    }
}
