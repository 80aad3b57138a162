using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Training;
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
    private readonly TrainingPasses _passes;
    private readonly PackedLlama _model;
    private readonly PackedGradient _gradient;
    private readonly ActiveAttempt _attempt;
    private readonly List<WorkerEvent> _received = [];

    /// <summary>Prepares an attempt; attempts after the first resume from the last checkpoint in the run directory.</summary>
    public OpenRun(TestTrainer trainer, string folder, JsonObject spec, int number = 1, TimeProvider? clock = null)
    {
        RunDirectory directory = new(folder);
        string attemptFolder = directory.AttemptFolder(number);
        _events = new(attemptFolder, TimeProvider.System, line =>
            _received.Add(JsonSerializer.Deserialize<WorkerEvent>(line, ContractJson.Options)!));
        RunRecorder recorder = new(directory, _events, RunLog.ToFile(attemptFolder, TimeProvider.System), clock ?? TimeProvider.System);
        _attempt = new(recorder, _stop);
        RunSpec valid = trainer.Services.Validator.Validate(spec).Spec!;
        using CheckpointReader? saved = number > 1 ? _attempt.LatestCheckpoint(valid) : null;
        RunPreparation preparation = trainer.Services.Preparation();
        using RunData rows = preparation.Read(saved?.State.Spec ?? valid);
        ModelFingerprint hashes = RunPreparation.HashModelAsync(rows).GetAwaiter().GetResult();
        Prepared = preparation.Prepare(saved?.State.Spec ?? valid, CancellationToken.None, saved, rows);
        Training = _attempt.Open(Prepared, valid, hashes, saved);
        _attempt.Ready(probedMb: null);
        _model = new(Prepared.Model);
        _passes = new(
            Prepared.Schedule,
            Prepared.Train,
            Prepared.Limits,
            Prepared.Spec.LossWeighting,
            Prepared.Model.Config.VocabularySize,
            Prepared.Device);
        _gradient = new(Prepared, _passes, _model);
    }

    public PreparedRun Prepared { get; }

    public TrainingRun Training { get; }

    /// <summary>Reported points of a metric, in order.</summary>
    public IReadOnlyList<(int Step, double Value)> Reported(string key) =>
        [.. ReportedPoints.From(_received, key)];

    /// <summary>
    /// Trains. <paramref name="afterGradient"/> is called after each gradient and may modify it. Returns the exception that ended the
    /// run; null: all steps were done.
    /// </summary>
    public Exception? Run(Action<TrainingRun, int>? afterGradient = null)
    {
        HookedGradient gradient = new(_gradient, step => afterGradient?.Invoke(Training, step));
        return Record.Exception(() => new Trainer(Training, gradient, _model, _attempt.Save).Run());
    }

    /// <summary>Requests a stop.</summary>
    public void Stop() => _stop.Cancel();

    public void Dispose()
    {
        _passes.Dispose();
        _model.Dispose();
        Training.Dispose();
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
