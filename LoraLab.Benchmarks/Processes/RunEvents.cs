using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Benchmarks.Processes;

/// <summary>Times in the event file of one attempt.</summary>
internal sealed class RunEvents
{
    private readonly List<WorkerEvent> _events;

    /// <summary>Reads the newest event file under a folder.</summary>
    public RunEvents(string folder) => _events =
    [
        .. File.ReadLines(Directory.EnumerateFiles(folder, RunFiles.Events, SearchOption.AllDirectories).MaxBy(File.GetLastWriteTimeUtc)!)
            .Select(line => JsonSerializer.Deserialize<WorkerEvent>(line, ContractJson.Options)!),
    ];

    /// <summary>When the worker started.</summary>
    public DateTimeOffset Started => _events.OfType<AttemptStarted>().First().At;

    /// <summary>When model and data were loaded.</summary>
    public DateTimeOffset Prepared => _events.OfType<RunPrepared>().First().At;

    /// <summary>When the first step was reported.</summary>
    public DateTimeOffset FirstStep => Steps.First().At;

    /// <summary>When the last evaluation, which follows the last step, was reported.</summary>
    public DateTimeOffset LastEvaluation => _events.OfType<Evaluated>().Last().At;

    /// <summary>Results and costs.</summary>
    public RunSummary Summary => _events.OfType<AttemptEnded>().Last().Summary;

    private IEnumerable<MetricsRecorded> Steps =>
        _events.OfType<MetricsRecorded>().Where(points => points.Values.ContainsKey(MetricKeys.TrainLoss));
}
