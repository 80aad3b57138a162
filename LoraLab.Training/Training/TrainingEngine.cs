using LoraLab.Contracts.Runs;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Training.Gradients;

namespace LoraLab.Training.Training;

/// <summary>The engine of a run's steps: its packed windows and the kernels that compute their gradients.</summary>
public sealed class TrainingEngine : IDisposable
{
    private readonly TrainingRun _training;
    private readonly PreparedRun _run;
    private readonly PackedLlama _model;
    private readonly TrainingPasses? _passes;
    private readonly IWindowGradient _gradient;

    /// <summary>Creates the engine of a run whose parameters have their gradients assigned.</summary>
    public TrainingEngine(TrainingRun training)
    {
        (_training, _run) = (training, training.Run);
        _model = new(_run.Model);
        _passes = PackingRule.UsesReferencePath(_run.Spec)
            ? null
            : new(_run.Schedule, _run.Train, _run.Limits, _run.Spec.LossWeighting, _run.Model.Config.VocabularySize, _run.Device);
        _gradient = _passes is null ? new ReferenceGradient(_run) : new PackedGradient(_run, _passes, _model);
    }

    /// <summary>Tokens of the largest pass; null on the reference path, whose passes cannot be smaller.</summary>
    public int? LargestPass => _passes?.Windows.SelectMany(window => window).Max(pass => pass.Layout.Rows);

    /// <summary>Trains the run to the end; see <see cref="Trainer"/>.</summary>
    public void Train(Action save) => new Trainer(_training, _gradient, _model, save).Run();

    /// <summary>
    /// Computes and discards the gradient of the window that needs the most memory, without changing anything that a later step reads.
    /// Returns the peak memory, MiB; null if it cannot be measured.
    /// </summary>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public double? Probe() => _training.Probe(_gradient, LargestWindow());

    private int LargestWindow()
    {
        int windows = Math.Min(_run.Schedule.WindowsPerEpoch, _run.Schedule.TotalSteps);
        return Enumerable.Range(1, windows).MaxBy(Bytes);
    }

    private double Bytes(int step)
    {
        if (_passes is null)
        {
            return _run.Window(step).Max(example => example.Ids.Length);
        }

        RunSpec spec = _run.Spec;
        MemoryRequest request = new()
        {
            Config = _run.Model.Config,
            Spec = spec,
            Adapters = MemoryRequest.AdaptersOf(spec, _run.Model.Config),
            Training = [],
            Evaluation = [],
            Gpu = _run.Device.type == TorchSharp.DeviceType.CUDA,
        };
        return _passes.Of(step).Max(pass => MemoryEstimator.Training(request, pass.Layout.Shape(pass.TargetRows)).Peak);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _passes?.Dispose();
        _model.Dispose();
    }
}
