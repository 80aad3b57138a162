using LoraLab.Benchmarks.Processes;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>Nine runs of one study in one process that shares the base, against the same nine one after another in processes of their own.</summary>
internal sealed class Gang : IMeasurement
{
    private const int Members = 9;
    private const int Steps = 100;

    /// <inheritdoc />
    public string Name => "gang";

    /// <inheritdoc />
    public string What => $"{Members} runs of stories260K, {Steps} steps each, starts included: one after another / as a gang";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using TemporaryFolder folder = bench.Temporary();
        BareRun bare = new(bench, folder.FullPath);
        RunSpec[] specs = [.. Enumerable.Range(1, Members).Select(seed => Specs.Stories(bench) with { MaxSteps = Steps, EvalSamples = 200, Seed = seed })];
        // Says at once, and not after nine runs, when this build's trainer takes one specification only.
        bare.Train(specs);
        Comparison compared = Blocks.Compare(
            bench,
            new Contender("one after another", 1, _ => specs.Select(spec => bare.Train(spec)).Aggregate((sum, one) => new Duration(sum.Wall + one.Wall, sum.Cpu + one.Cpu))),
            [new Contender("gang", 1, _ => bare.Train(specs))],
            warmUp: 0);
        return [bench.Speedup(this, compared, "nine processes, one after another", "gang of nine", target: Target.AtLeast(2, 4), note: "evaluation of 200 rows every 50 steps")];
    }
}
