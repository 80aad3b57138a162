using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training;
using LoraLab.Training.Catalog;
using LoraLab.Training.Worker;

namespace LoraLab.Tests.Support;

/// <summary>The real engine in this process, over temporary run directories.</summary>
internal sealed class TestTrainer : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("loralab-trainer-");
    private int _runs;

    /// <summary>An engine that finds the bundled sample, and where asked for the fixtures' models and data.</summary>
    public TestTrainer(bool fixtures = false)
    {
        Services = new Services(
            new TrainingConfiguration
            {
                Home = Fixtures.RepositoryRoot,
                DataDirectory = _folder.FullName,
                ModelDirectories = fixtures ? [Fixtures.Data("models")] : [],
                DatasetDirectories = fixtures ? [Fixtures.Data()] : [],
            },
            TimeProvider.System,
            allowPaths: true);
    }

    public Services Services { get; }

    /// <summary>A folder of its own below the temporary one.</summary>
    public string NewFolder() => Directory.CreateDirectory(Path.Combine(_folder.FullName, $"run{++_runs}")).FullName;

    /// <summary>Executes a specification to its end.</summary>
    public FinishedRun Run(JsonObject spec)
    {
        RunDirectory directory = new(NewFolder());
        string attempt = directory.AttemptFolder(1);
        using StopSignal stop = new();
        using (EventLog events = new(attempt, TimeProvider.System))
        {
            RunRecorder recorder = new(directory, events, RunLog.ToFile(attempt, TimeProvider.System), TimeProvider.System);
            Services.Execution().Execute(spec, recorder, stop);
        }

        return FinishedRun.Read(directory.FullPath);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}

/// <summary>What a run left in its directory.</summary>
internal sealed record FinishedRun(string Folder, IReadOnlyList<WorkerEvent> Events)
{
    public AttemptEnded Ended => Events.OfType<AttemptEnded>().Single();

    public RunPrepared Prepared => Events.OfType<RunPrepared>().Single();

    public RunSummary Summary => Ended.Summary;

    public static FinishedRun Read(string folder) => new(
        folder,
        [.. File.ReadLines(Path.Combine(folder, RunFiles.Attempt(1), RunFiles.Events)).Select(line => JsonSerializer.Deserialize<WorkerEvent>(line, ContractJson.Options)!)]);

    /// <summary>Points of a metric by step.</summary>
    public IReadOnlyDictionary<int, double> Series(string key)
    {
        SortedDictionary<int, double> points = [];
        foreach (MetricsRecorded recorded in Events.OfType<MetricsRecorded>().Where(recorded => recorded.Values.ContainsKey(key)))
        {
            for (int i = 0; i < recorded.Steps.Count; i++)
            {
                points.Add(recorded.Steps[i], recorded.Values[key][i]);
            }
        }

        return points;
    }

    /// <summary>Rows of the predictions at a step: row, label, predicted, scores.</summary>
    public IReadOnlyList<string[]> Predictions(int step) =>
        [.. File.ReadLines(Path.Combine(Folder, RunFiles.PredictionsAt(step))).Skip(1).Select(line => line.Split(','))];
}
