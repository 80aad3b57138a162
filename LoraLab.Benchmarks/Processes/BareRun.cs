using System.Text.Json;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Benchmarks.Processes;

/// <summary>Runs of the trainer program without a server, each in its own folder.</summary>
/// <param name="bench">The bench.</param>
/// <param name="folder">Folder for specifications and run directories.</param>
internal sealed class BareRun(Bench bench, string folder)
{
    private int _runs;

    /// <summary>Directory of the last run.</summary>
    public string Last => Path.Combine(folder, $"run-{_runs}");

    /// <summary>Trains a specification.</summary>
    public Duration Train(RunSpec spec)
    {
        string file = Path.Combine(folder, $"spec-{++_runs}.json");
        File.WriteAllText(file, JsonSerializer.Serialize(spec, ContractJson.Options));
        return Programs.Run(
            bench, Programs.Training, Specs.Environment(bench, Path.Combine(folder, "data")), "train", "--spec", file, "--out", Last);
    }
}
