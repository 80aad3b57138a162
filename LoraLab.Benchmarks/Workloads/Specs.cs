using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Cli;
using LoraLab.Training.Files;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>Run specifications of the measurements, and the trainer services that read them.</summary>
internal static class Specs
{
    /// <summary>The paper's run with LoRA on every linear layer, rank 32.</summary>
    public static RunSpec AllLinear { get; } =
        Complete(new RunSpec { Model = "tinyllama", Dataset = "sst2", Rank = 32, Alpha = 64, TargetModules = TargetModules.AllLinear });

    /// <summary>The same on the query and value projections only, rank 8.</summary>
    public static RunSpec QueryValue { get; } = Complete(new RunSpec { Model = "tinyllama", Dataset = "sst2" });

    /// <summary>The run of the bundled demo.</summary>
    public static RunSpec Sample(Bench bench) => Complete(
        JsonSerializer.Deserialize<RunSpec>(
            File.ReadAllBytes(Path.Combine(bench.Home, "samples", "runs", "1-lora.json")),
            ContractJson.Options)! with
        { Device = bench.Device.ToString() });

    /// <summary>stories260K on SST-2 as in the paper, but with adapters on every linear layer.</summary>
    public static RunSpec Stories(Bench bench) => Complete(
        new RunSpec
        {
            Model = "stories260K",
            Dataset = "sst2",
            TargetModules = TargetModules.AllLinear,
            TrainSamples = 1600,
            Device = bench.Device.ToString(),
        });

    /// <summary>Trainer services with the fixtures in their catalogs and without downloads.</summary>
    public static TrainerServices Services(Bench bench, string data)
    {
        string stories = bench.Fixture("models", "stories260K");
        TrainingConfiguration configuration = new()
        {
            Home = bench.Home,
            DataDirectory = data,
            ModelDirectories = [Path.GetDirectoryName(stories)!],
            DatasetDirectories = [Path.GetDirectoryName(bench.Sst2)!],
        };
        return new(configuration, TimeProvider.System, allowPaths: true);
    }

    /// <summary>Environment of a program with the same catalogs.</summary>
    public static Dictionary<string, string> Environment(Bench bench, string data) => new()
    {
        ["LoraLab__DataDirectory"] = data,
        ["LoraLab__ModelDirectories__0"] = Path.GetDirectoryName(bench.Fixture("models", "stories260K"))!,
        ["LoraLab__DatasetDirectories__0"] = Path.GetDirectoryName(bench.Sst2)!,
        ["OMP_NUM_THREADS"] = bench.Threads.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static RunSpec Complete(RunSpec spec) =>
        spec with { MethodOptions = LoraMethods.Find(spec.Method)!.Complete((JsonObject)spec.MethodOptions.DeepClone(), []) };
}
