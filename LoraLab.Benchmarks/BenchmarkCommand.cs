using System.CommandLine;
using LoraLab.Benchmarks.Measurements;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Reporting;
using LoraLab.Files;
using LoraLab.Training.Torch;
using TorchSharp;

namespace LoraLab.Benchmarks;

/// <summary>The command line.</summary>
internal static class BenchmarkCommand
{
    private const int LeastRepeats = 5;

    /// <summary>The measurements, and <c>export</c>.</summary>
    public static RootCommand Create()
    {
        Option<string?> only = new("--only") { Description = "Measurements by name, separated by commas; a name that ends in * stands for all that begin so." };
        Option<string> device = new("--device") { Description = "cpu or cuda:N.", DefaultValueFactory = _ => "cpu" };
        Option<int> threads = new("--threads") { Description = "Threads of the tensor library.", DefaultValueFactory = _ => 1 };
        Option<int> repeats = new("--repeats") { Description = "Repeats of A B B A; a claim wants five or more.", DefaultValueFactory = _ => LeastRepeats };
        Option<DirectoryInfo?> output = new("--out") { Description = "Folder of the results; default data/benchmarks." };
        Option<bool> list = new("--list") { Description = "Only list the measurements." };
        RootCommand root = new("LoraLab's measurements by ratio; see docs/performance.md.") { only, device, threads, repeats, output, list };
        root.SetAction(result =>
        {
            IReadOnlyList<IMeasurement> chosen = Choose(result.GetValue(only));
            return result.GetValue(list)
                ? List(chosen)
                : Run(chosen, Prepare(result.GetValue(device)!, result.GetValue(threads), result.GetValue(repeats), result.GetValue(output)));
        });

        Command export = new("export", "Write weights, adapter, sentences and losses for bench/peft_peers.py.") { output };
        export.SetAction(result => PeerExport.Write(Prepare("cpu", 1, LeastRepeats, result.GetValue(output))));
        root.Add(export);
        root.Add(ProfileCommand.Create(() => Prepare("cpu", 1, LeastRepeats, null)));
        return root;
    }

    private static Bench Prepare(string device, int threads, int repeats, DirectoryInfo? output)
    {
        torch.Device chosen = DeviceChoice.Resolve(device);
        torch.set_num_threads(threads);
        string folder = output?.FullName ?? Path.Combine(LoraLabHome.Find(), "data", "benchmarks");
        return new(chosen, threads, repeats, Directory.CreateDirectory(folder).FullName);
    }

    private static IReadOnlyList<IMeasurement> Choose(string? only)
    {
        string[] names = only?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? ["*"];
        return [.. Registry.All.Where(measurement => names.Any(name =>
            name.EndsWith('*') ? measurement.Name.StartsWith(name[..^1], StringComparison.Ordinal) : measurement.Name == name))];
    }

    private static int List(IReadOnlyList<IMeasurement> measurements)
    {
        foreach (IMeasurement measurement in measurements)
        {
            Console.WriteLine($"{measurement.Name,-32} {measurement.What}");
        }

        return 0;
    }

    private static int Run(IReadOnlyList<IMeasurement> measurements, Bench bench)
    {
        Conditions conditions = Conditions.Now(bench);
        List<Finding> findings = [];
        bool failed = false;
        foreach (IMeasurement measurement in measurements)
        {
            bench.Log($"{measurement.Name}: {measurement.What}");
            try
            {
                findings.AddRange(measurement.Run(bench));
            }
            catch (NotMeasuredException reason)
            {
                findings.Add(Without(measurement, reason.Message));
            }
            catch (Exception problem)
            {
                // The other rows shall not be lost with this one.
                bench.Log(problem.ToString());
                findings.Add(Without(measurement, $"failed: {problem.Message}"));
                failed = true;
            }

            // After each: a run that is stopped leaves what it measured.
            new Report(conditions.Ended(), findings).Write(bench.Output);
        }

        Console.WriteLine(MarkdownTable.Of(new Report(conditions.Ended(), findings)));
        return failed ? 1 : 0;
    }

    private static Finding Without(IMeasurement measurement, string reason) =>
        new Finding { Measurement = measurement.Name, What = measurement.What, Unit = "", Note = reason }.Judged();
}
