using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Training.Training;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks;

/// <summary><c>profile</c>: repeats one kind of step for some seconds, for a profiler.</summary>
internal static class ProfileCommand
{
    private const int WarmUp = 20;
    private static readonly string[] _workloads = ["sample", "stories260K", "tinyllama2-fp32", "tinyllama2-bf16"];
    private static readonly string[] _implementations = ["literal", "packed", "shared", "evaluation"];

    /// <summary>The command.</summary>
    public static Command Create(Func<Bench> bench)
    {
        Argument<string> workload = new("workload") { Description = string.Join(", ", _workloads) };
        Argument<string> implementation = new("way")
        {
            Description = string.Join(", ", _implementations),
            DefaultValueFactory = _ => "shared",
        };
        Option<int> seconds = new("--seconds") { DefaultValueFactory = _ => 20 };
        workload.AcceptOnlyFromAmong(_workloads);
        implementation.AcceptOnlyFromAmong(_implementations);
        Command command = new("profile", "Repeat one kind of step for some seconds, for a profiler.") { workload, implementation, seconds };
        command.SetAction(result =>
            Run(bench(), result.GetRequiredValue(workload), result.GetRequiredValue(implementation), result.GetValue(seconds)));
        return command;
    }

    private static int Run(Bench bench, string workload, string implementation, int seconds)
    {
        using TemporaryFolder data = bench.CreateTemporaryFolder();
        using StepWorkload work = new(bench, Prepare(bench, workload, data.FullPath));
        SameMath.Perturb(work.Run);
        Action<int> step = implementation switch
        {
            "literal" => i => work.Step(work.Literal, i),
            "packed" => i => work.Step(work.Packed, i),
            "shared" => i => work.Step(work.Shared, i),
            _ => _ => work.Run.Evaluation.Run(work.Model, CancellationToken.None),
        };
        int windows = work.Passes.Windows.Count;
        for (int i = 0; i < WarmUp && !workload.StartsWith("tinyllama", StringComparison.Ordinal); i++)
        {
            step((i % windows) + 1);
        }

        bench.Log("warm-up done");
        long started = Stopwatch.GetTimestamp();
        int steps = 0;
        Duration total = Duration.Measure(() =>
        {
            while (Stopwatch.GetElapsedTime(started).TotalSeconds < seconds)
            {
                step((steps++ % windows) + 1);
            }
        });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{workload} {implementation}: {steps} steps, "
            + $"{total.Wall / steps * 1000:0.000} ms wall, {total.Cpu / steps * 1000:0.000} ms CPU per step"));
        return 0;
    }

    private static PreparedRun Prepare(Bench bench, string workload, string data) => workload switch
    {
        "sample" => Preparation.FromCatalog(bench, Specs.Sample(bench), data),
        "stories260K" => Preparation.FromCatalog(bench, Specs.Stories(bench), data),
        _ => Preparation.Random(
            bench,
            Specs.AllLinear with { TrainSamples = 1600 },
            RandomWeights.TinyLlama(bench.TinyLlama, layers: 2),
            workload.EndsWith("bf16", StringComparison.Ordinal) ? ScalarType.BFloat16 : ScalarType.Float32,
            evaluationRows: 109),
    };
}
