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
    private const int DefaultRepeats = 5;

    /// <summary>Creates the root command, which runs the measurements, with <c>export</c> and <c>profile</c>.</summary>
    public static RootCommand Create()
    {
        Option<string?> only = new("--only") { Description = "Names of measurements, comma-separated; a trailing * matches any suffix." };
        Option<string> device = new("--device") { Description = "cpu or cuda:N.", DefaultValueFactory = _ => "cpu" };
        Option<int> threads = new("--threads") { Description = "Threads of the tensor library.", DefaultValueFactory = _ => 1 };
        Option<int> repeats = new("--repeats")
        {
            Description = "Repeats of A B B A; a claim requires five or more.",
            DefaultValueFactory = _ => DefaultRepeats,
        };
        Option<DirectoryInfo?> output = new("--out") { Description = "Folder for the results; default: data/benchmarks." };
        Option<bool> list = new("--list") { Description = "List the measurements and exit." };
        RootCommand root = new("Benchmarks of LoraLab as ratios; see docs/performance.md.")
        {
            only, device, threads, repeats, output, list,
        };
        root.SetAction(result =>
        {
            IReadOnlyList<IMeasurement> selected = Select(result.GetValue(only));
            return result.GetValue(list)
                ? List(selected)
                : Run(
                    selected,
                    Prepare(result.GetValue(device)!, result.GetValue(threads), result.GetValue(repeats), result.GetValue(output)));
        });

        root.Add(ExportCommand.Create((on, folder) => Prepare(on, 1, DefaultRepeats, folder)));
        root.Add(ProfileCommand.Create(() => Prepare("cpu", 1, DefaultRepeats, null)));
        return root;
    }

    private static Bench Prepare(string device, int threads, int repeats, DirectoryInfo? output)
    {
        torch.Device resolved = DeviceChoice.Resolve(device);
        torch.set_num_threads(threads);
        string folder = output?.FullName ?? Path.Combine(LoraLabHome.Find(), "data", "benchmarks");
        return new(resolved, threads, repeats, Directory.CreateDirectory(folder).FullName);
    }

    private static IReadOnlyList<IMeasurement> Select(string? only)
    {
        string[] names = only?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? ["*"];
        return [.. Registry.All.Where(measurement => names.Any(name =>
            name.EndsWith('*') ? measurement.Name.StartsWith(name[..^1], StringComparison.Ordinal) : measurement.Name == name))];
    }

    private static int List(IReadOnlyList<IMeasurement> measurements)
    {
        foreach (IMeasurement measurement in measurements)
        {
            Console.WriteLine($"{measurement.Name,-32} {measurement.Description}");
        }

        return 0;
    }

    private static int Run(IReadOnlyList<IMeasurement> measurements, Bench bench)
    {
        Conditions conditions = Conditions.Current(bench);
        List<Finding> findings = [];
        bool failed = false;
        foreach (IMeasurement measurement in measurements)
        {
            bench.Log($"{measurement.Name}: {measurement.Description}");
            try
            {
                findings.AddRange(measurement.Run(bench));
            }
            catch (NotMeasuredException reason)
            {
                findings.Add(NotMeasured(measurement, reason.Message));
            }
            catch (Exception problem)
            {
                // One failure must not lose the other rows.
                bench.Log(problem.ToString());
                findings.Add(NotMeasured(measurement, $"failed: {problem.Message}"));
                failed = true;
            }

            // Written after each measurement, so that an interrupted run keeps its results.
            new Report(conditions.WithLoadAfter(), findings).Write(bench.Output);
        }

        Console.WriteLine(MarkdownTable.Write(new Report(conditions.WithLoadAfter(), findings)));
        return failed ? 1 : 0;
    }

    private static Finding NotMeasured(IMeasurement measurement, string reason) =>
        new Finding { Measurement = measurement.Name, Description = measurement.Description, Unit = "", Note = reason }.WithVerdict();
}
