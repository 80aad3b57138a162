using LoraLab.Contracts.Runs;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Training.Gradients;

namespace LoraLab.Training.Training;

/// <summary>What the steps of a run need beside the run: packed windows and the kernels over them.</summary>
public sealed class TrainingEngine : IDisposable
{
    private readonly TrainingRun _training;
    private readonly PreparedRun _run;
    private readonly PackedLlama _model;
    private readonly TrainingPasses? _passes;
    private readonly IWindowGradient _gradient;

    /// <summary>For a run whose parameters have their gradients.</summary>
    public TrainingEngine(TrainingRun training)
    {
        (_training, _run) = (training, training.Run);
        _model = new(_run.Model);
        _passes = PackingRule.UsesReferencePath(_run.Spec)
            ? null
            : new(_run.Plan, _run.Train, _run.Limits, _run.Spec.LossWeighting, _run.Model.Config.VocabularySize, _run.Device);
        _gradient = _passes is null ? new ReferenceGradient(_run) : new PackedGradient(_run, _passes, _model);
    }

    /// <summary>Tokens of the largest pass; null for the literal loop, whose passes cannot be smaller.</summary>
    public int? LargestPass => _passes?.Windows.SelectMany(window => window).Max(pass => pass.Layout.Rows);

    /// <summary>Trains the run to its end; see <see cref="Trainer"/>.</summary>
    public void Train(Action save) => new Trainer(_training, _gradient, _model, save).Run();

    /// <summary>
    /// Computes the gradient of the window that needs most memory and throws it away: nothing that a later step reads is changed. Returns
    /// the peak meanwhile, MiB; null where it cannot be measured.
    /// </summary>
    /// <exception cref="OperationCanceledException">The run shall stop.</exception>
    public double? Probe() => _training.Probe(_gradient, LargestWindow());

    private int LargestWindow()
    {
        int windows = Math.Min(_run.Plan.WindowsPerEpoch, _run.Plan.TotalSteps);
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
