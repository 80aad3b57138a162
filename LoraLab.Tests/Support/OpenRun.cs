using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Fingerprints;
using LoraLab.Training.Training.Gradients;
using LoraLab.Training.Training.Recording;
using LoraLab.Training.Training.Resume;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Support;

/// <summary>A run of the real engine with a hook between its gradient and its optimizer.</summary>
internal sealed class OpenRun : IDisposable
{
    private readonly StopSignal _stop = new();
    private readonly EventLog _events;
    private readonly TrainingEngine _engine;
    private readonly TrainingReport _report;
    private readonly RunCheckpoints _checkpoints;
    private readonly List<WorkerEvent> _received = [];

    /// <summary>Prepares an attempt; attempts after the first resume from the last checkpoint in the run directory.</summary>
    public OpenRun(TestTrainer trainer, string folder, JsonObject spec, int number = 1, TimeProvider? clock = null)
    {
        RunDirectory directory = new(folder);
        string attemptFolder = directory.AttemptFolder(number);
        _events = new(attemptFolder, TimeProvider.System, line =>
            _received.Add(JsonSerializer.Deserialize<WorkerEvent>(line, ContractJson.Options)!));
        RunRecorder recorder = new(directory, _events, RunLog.ToFile(attemptFolder, TimeProvider.System), clock ?? TimeProvider.System);
        RunSpec valid = trainer.Services.Validator.Validate(spec).Spec!;
        using CheckpointReader? saved = number > 1 ? new CheckpointFolders(directory).Latest(recorder.Log) : null;
        RunPreparation preparation = trainer.Services.Preparation();
        using RunData rows = preparation.Read(saved?.State.Spec ?? valid);
        ModelFingerprint hashes = RunPreparation.HashModelAsync(rows).GetAwaiter().GetResult();
        Prepared = preparation.Prepare(saved?.State.Spec ?? valid, CancellationToken.None, saved, rows);
        SummaryBuilder summary = new();
        summary.Resume(saved?.State.Summary, Prepared);
        _checkpoints = new(Prepared, Fingerprint.Of(Prepared, hashes, saved?.State.Start), SpecHash.Of(valid), recorder);
        Progress = new(Prepared, saved);
        _report = new(Prepared, recorder, summary);
        _engine = new(Prepared);
    }

    public PreparedRun Prepared { get; }

    public TrainingProgress Progress { get; }

    /// <summary>Reported points of a metric, in order.</summary>
    public IReadOnlyList<(int Step, double Value)> Reported(string key) =>
        [.. ReportedPoints.From(_received, key)];

    /// <summary>
    /// Trains. <paramref name="afterGradient"/> is called after each gradient and may modify it. Returns the exception that ended the
    /// run; null: all steps were done.
    /// </summary>
    public Exception? Run(Action<PreparedRun, int>? afterGradient = null)
    {
        HookedGradient gradient = new(_engine.Gradient, step => afterGradient?.Invoke(Prepared, step));
        return Record.Exception(() =>
            new TrainingLoop(Prepared, gradient, _engine.Model, Progress, _report, _checkpoints, _stop.Token).Run());
    }

    /// <summary>Requests a stop.</summary>
    public void Stop() => _stop.Cancel();

    public void Dispose()
    {
        _checkpoints.Dispose();
        _engine.Dispose();
        Progress.Dispose();
        Prepared.Dispose();
        _events.Dispose();
        _stop.Dispose();
    }

    private sealed class HookedGradient(IWindowGradient inner, Action<int> after) : IWindowGradient
    {
        public Tensor Accumulate(int step, double lossScale, CancellationToken cancellation)
        {
            Tensor loss = inner.Accumulate(step, lossScale, cancellation);
            after(step);
            return loss;
        }
    }
}
