using System.Text.Json;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Benchmarks.Processes;

/// <summary>Runs of the trainer as a program without a server, each in a folder of its own.</summary>
/// <param name="bench">Where.</param>
/// <param name="folder">Takes specifications and run directories.</param>
internal sealed class BareRun(Bench bench, string folder)
{
    private int _runs;

    /// <summary>The last run's directory.</summary>
    public string Last => Path.Combine(folder, $"run-{_runs}");

    /// <summary>Trains a specification.</summary>
    public Duration Train(RunSpec spec)
    {
        string file = Path.Combine(folder, $"spec-{++_runs}.json");
        File.WriteAllText(file, JsonSerializer.Serialize(spec, ContractJson.Options));
        return Programs.Run(bench, Programs.Training, Specs.Environment(bench, Path.Combine(folder, "data")), "train", "--spec", file, "--out", Last);
    }
}
