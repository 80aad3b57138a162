using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Fingerprints;
using LoraLab.Training.Training.Optimization;
using LoraLab.Training.Training.Resume;
using static TorchSharp.torch;

namespace LoraLab.Training.Training;

/// <summary>What training changes: the parameters with their optimizer, the loss scale, and how far the run is.</summary>
public sealed class TrainingProgress : IDisposable
{
    private readonly PreparedRun _run;

    /// <summary>Begins at step 0, or where <paramref name="checkpoint"/> was saved.</summary>
    /// <param name="run">The prepared run; its parameters move into the optimizer's flat tensor.</param>
    /// <param name="checkpoint">Checkpoint to resume from.</param>
    public TrainingProgress(PreparedRun run, CheckpointReader? checkpoint = null)
    {
        _run = run;
        IEnumerable<AdapterParameter> ordered = Kernels.For(run.Device) == KernelSet.Gpu
            ? JoinedOrder.Of(run.Model, run.Parameters, parameter => parameter.Value)
            : run.Parameters;
        FlatParameters parameters = new(
            ordered.Select(p => (p.Name, p.Value, run.Method.LearningRate(run.Spec, p.Part))));
        StepHooks? hooks = run.Method.Hooks(run.Spec, run.Adapters, run.Schedule.TotalSteps);
        Optimizer = new(parameters, run.Spec.WeightDecay, run.Spec.MaxGradNorm, run.Method.Optimizer, hooks, PageValues(run));
        Issued = new(run.Device);
        Scaler = run.Spec.Precision == Precision.Fp16 ? LossScaler.On : LossScaler.Off;
        if (checkpoint?.State is TrainingState state)
        {
            Optimizer.Restore(state.Step, checkpoint.Tensor);
            Scaler = new(Scaler.Active, state.LossScale, state.GoodSteps, state.Overflows);
            Consumed = ConsumedRows.Restore(state.Step, state.ConsumedTokens, state.ConsumedSha256);
            EvaluatedStep = state.Evaluated ? state.Step : null;
        }
    }

    /// <summary>The optimizer with the parameters.</summary>
    public FusedAdamW Optimizer { get; }

    /// <summary>Steps whose results have not been read.</summary>
    public IssuedSteps Issued { get; }

    /// <summary>Rows of the steps whose results were read, earlier attempts included.</summary>
    public ConsumedRows Consumed { get; } = new();

    /// <summary>The loss scaler of the next step.</summary>
    public LossScaler Scaler { get; set; }

    /// <summary>The step after which the last evaluation was done; null: none was.</summary>
    public int? EvaluatedStep { get; set; }

    /// <summary>Steps taken, including issued ones.</summary>
    public int Step => Consumed.Steps + Issued.Count;

    /// <summary>Whether an evaluation is due before the next step.</summary>
    public bool EvaluationDue =>
        Issued.Count == 0 && EvaluatedStep != Step && (Step == 0 || _run.Schedule.EvaluatesAfter(Step));

    /// <summary>
    /// Returns the tensors of a checkpoint that training changes: the trained ones of the run, both moments, which the dispose scope owns,
    /// and the state of the method.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Tensors()
    {
        HashSet<string> frozen = [.. _run.Frozen.Select(pair => pair.Key)];
        return _run.Tensors.Where(pair => !frozen.Contains(pair.Key)).Concat(Optimizer.State)
            .ToDictionary(pair => pair.Key, pair => pair.Value);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Issued.Dispose();
        Optimizer.Dispose();
    }

    // On the CPU, the memory of the device is that of the host.
    private static int? PageValues(PreparedRun run) =>
        run.Spec.OptimizerState == OptimizerState.Host && run.Device.type != TorchSharp.DeviceType.CPU
            ? MemoryEstimator.PageValues
            : null;
}
