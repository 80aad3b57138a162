using LoraLab.Contracts.Runs;
using LoraLab.Training.Packing;

namespace LoraLab.Training.Engine;

/// <summary>What the steps of prepared runs need beside the runs: packed windows and the kernels over them.</summary>
public sealed class TrainingEngine : IDisposable
{
    private readonly PreparedRun _run;
    private readonly PackedModels _models;
    private readonly TrainingPasses? _passes;
    private readonly IWindowGradient _gradient;

    /// <summary>For a run, or for the runs that share its base and windows.</summary>
    public TrainingEngine(PreparedRun run)
    {
        _run = run;
        _models = new(run.Model);
        _passes = PackingRule.IsLiteral(run.Spec)
            ? null
            : new(run.Plan, run.Train, run.Limits, run.Spec.LossWeighting, run.Model.Config.VocabularySize, run.Device);
        _gradient = _passes is null ? new LiteralGradient() : new PackedGradient(_passes, _models);
    }

    /// <summary>Tokens of the largest pass; null for the literal loop, whose passes cannot be smaller.</summary>
    public int? LargestPass => _passes?.Windows.SelectMany(window => window).Max(pass => pass.Layout.Rows);

    /// <summary>Trains runs until each has ended; see <see cref="Trainer"/>.</summary>
    public void Train(IReadOnlyList<TrainingRun> runs, Action<TrainingRun> save, Action<TrainingRun, Exception?> ended) =>
        new Trainer(_gradient, _run.Evaluator, _models, save, ended).Run(runs);

    /// <summary>
    /// Computes the gradient of the window that needs most memory and throws it away: nothing that a later step reads is changed. Returns
    /// the peak meanwhile, MiB; null where it cannot be measured.
    /// </summary>
    /// <exception cref="OperationCanceledException">The run shall stop.</exception>
    public double? Probe(TrainingRun training) => training.Probe(gradient: _gradient, LargestWindow());

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
        _gradient.Dispose();
        _passes?.Dispose();
        _models.Dispose();
    }
}
