using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Cli;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Training.Recording;

namespace LoraLab.SampleMaker.Experiments;

/// <summary>Runs specifications with the real engine, sequentially, in temporary run directories.</summary>
internal sealed class Engine : IDisposable
{
    private readonly TrainerServices _services = new(TrainingConfiguration.Load(), TimeProvider.System);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("loralab-sample-");
    private int _runs;

    /// <summary>Trains a run and returns its results and its accuracy before training.</summary>
    public (RunSummary Summary, double Before) Run(JsonObject spec)
    {
        RunDirectory directory = new(Path.Combine(_folder.FullName, $"{++_runs}"));
        string attempt = directory.AttemptFolder(1);
        using StopSignal stop = new();
        using (EventLog events = new(attempt, TimeProvider.System))
        {
            RunRecorder recorder = new(directory, events, RunLog.ToFile(attempt, TimeProvider.System), TimeProvider.System);
            _services.Attempt(recorder, stop).Execute(spec);
        }

        List<WorkerEvent> recorded = [.. File.ReadLines(Path.Combine(attempt, RunFiles.Events))
            .Select(line => JsonSerializer.Deserialize<WorkerEvent>(line, ContractJson.Options)!)];
        AttemptEnded ended = recorded.OfType<AttemptEnded>().Single();
        return ended.Reason == EndReason.Finished
            ? (ended.Summary, recorded.OfType<Evaluated>().First().Metrics[MetricKeys.EvalAccuracy])
            : throw RunFailure.BadData($"A run of {spec["method"]} ended as {ended.Reason}: {ended.Error}");
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
