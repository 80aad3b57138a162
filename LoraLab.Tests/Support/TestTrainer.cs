using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Cli;
using LoraLab.Training.Files;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Tests.Support;

/// <summary>The real engine in the test process, with temporary run directories.</summary>
internal sealed class TestTrainer : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("loralab-trainer-");
    private int _runs;

    /// <summary>
    /// An engine that finds the bundled sample and, with <paramref name="fixtures"/>, the models and datasets of the fixtures.
    /// </summary>
    public TestTrainer(bool fixtures = false)
    {
        Services = new TrainerServices(
            new TrainingConfiguration
            {
                Home = Fixtures.RepositoryRoot,
                DataDirectory = _folder.FullName,
                ModelDirectories = fixtures ? [Fixtures.Data("models"), Fixtures.Golden("families"), Fixtures.Golden("qlora")] : [],
                DatasetDirectories = fixtures ? [Fixtures.Data()] : [],
            },
            TimeProvider.System,
            allowPaths: true);
    }

    public TrainerServices Services { get; }

    /// <summary>Creates a new folder in the temporary one.</summary>
    public string NewFolder() => Directory.CreateDirectory(Path.Combine(_folder.FullName, $"run{++_runs}")).FullName;

    /// <summary>Copies the bundled model under another name, for tests that corrupt it. Returns its folder.</summary>
    public string CopyOfSampleModel(string name)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder.FullName, "models", name)).FullName;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Fixtures.RepositoryRoot, "samples", "model")))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        return folder;
    }

    /// <summary>Writes a dataset under a name, as one that was downloaded.</summary>
    public void WriteDataset(string name, params IReadOnlyList<(string File, string Text)> files)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder.FullName, "datasets", name)).FullName;
        foreach ((string file, string text) in files)
        {
            File.WriteAllText(Path.Combine(folder, file), text);
        }
    }

    /// <summary>Executes a specification to its end.</summary>
    public FinishedRun Run(JsonObject spec)
    {
        string folder = NewFolder();
        Attempt(folder, 1, spec);
        return FinishedRun.Read(folder);
    }

    /// <summary>Executes one attempt of a run; attempts after the first resume from the last checkpoint.</summary>
    /// <param name="folder">Run directory.</param>
    /// <param name="number">Number of the attempt, from 1.</param>
    /// <param name="spec">Specification.</param>
    /// <param name="onEvent">Called for each event once it is in the file; can stop the run.</param>
    /// <param name="clock">Clock; a <see cref="LeapingClock"/> makes every step a separate event.</param>
    public EndReason? Attempt(
        string folder, int number, JsonObject spec, Action<WorkerEvent, StopSignal>? onEvent = null, TimeProvider? clock = null)
    {
        clock ??= TimeProvider.System;
        RunDirectory directory = new(folder);
        string attempt = directory.AttemptFolder(number);
        using StopSignal stop = new();
        using EventLog events = new(attempt, TimeProvider.System, line =>
            onEvent?.Invoke(JsonSerializer.Deserialize<WorkerEvent>(line, ContractJson.Options)!, stop));
        RunRecorder recorder = new(directory, events, RunLog.ToFile(attempt, TimeProvider.System), clock);
        return Services.Attempt(recorder, stop).Execute(spec, resume: number > 1);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}

/// <summary>Output of a finished run in its directory.</summary>
internal sealed record FinishedRun(string Folder, IReadOnlyList<WorkerEvent> Events)
{
    public AttemptEnded Ended => Events.OfType<AttemptEnded>().Single();

    public RunPrepared Prepared => Events.OfType<RunPrepared>().Single();

    public RunSummary Summary => Ended.Summary;

    public static FinishedRun Read(string folder, int attempt = 1) => new(
        folder,
        [.. File.ReadLines(Path.Combine(folder, RunFiles.Attempt(attempt), RunFiles.Events))
            .Select(line => JsonSerializer.Deserialize<WorkerEvent>(line, ContractJson.Options)!)]);

    /// <summary>Points of a metric by step.</summary>
    public IReadOnlyDictionary<int, double> Series(string key)
    {
        SortedDictionary<int, double> points = [];
        foreach ((int step, double value) in ReportedPoints.From(Events, key))
        {
            points.Add(step, value);
        }

        return points;
    }

    /// <summary>Bytes of the weight files of the result: of the adapter, or of the model.</summary>
    public IReadOnlyList<byte[]> ResultBytes() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Folder, RunFiles.Adapter), "*.safetensors").Order(StringComparer.Ordinal)
            .Select(File.ReadAllBytes),
    ];

    /// <summary>Rows of the predictions at a step: row, label, predicted, scores.</summary>
    public IReadOnlyList<string[]> Predictions(int step) =>
        [.. File.ReadLines(Path.Combine(Folder, RunFiles.PredictionsAt(step))).Skip(1).Select(line => line.Split(','))];
}
