using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Evaluation;
using LoraLab.Training.Training.Fingerprints;
using LoraLab.Training.Training.Gradients;
using LoraLab.Training.Training.Optimization;
using LoraLab.Training.Training.Recording;
using LoraLab.Training.Training.Resume;
using static TorchSharp.torch;

namespace LoraLab.Training.Training;

/// <summary>
/// A run while it trains: its parameters, optimizer, loss scale and progress. Steps are issued first and committed when their
/// results are read; only committed steps are recorded, checkpointed and evaluated.
/// </summary>
public sealed class TrainingRun : IDisposable
{
    private readonly RunSpec _spec;
    private readonly RunSchedule _plan;
    private readonly RunRecorder _recorder;
    private readonly SummaryBuilder _summary;
    private readonly StepTiming _pace;
    private readonly FusedAdamW _optimizer;
    private readonly StepLog _log;
    private bool _evaluated;

    /// <summary>A run at its start, or where <paramref name="saved"/> says.</summary>
    /// <param name="run">The prepared run; its trained factors move into the optimizer's flat tensor.</param>
    /// <param name="recorder">Hears of steps and evaluations.</param>
    /// <param name="summary">Gathers results.</param>
    /// <param name="stop">Asks the run to stop.</param>
    /// <param name="saved">Checkpoint to go on from.</param>
    public TrainingRun(PreparedRun run, RunRecorder recorder, SummaryBuilder summary, CancellationToken stop, CheckpointReader? saved = null)
    {
        (Run, _recorder, _summary, Stop) = (run, recorder, summary, stop);
        (_spec, _plan) = (run.Spec, run.Plan);
        _pace = new(run.Plan, saved?.State.Summary.TrainSeconds ?? 0, saved?.State.Summary.EvalSeconds ?? 0);
        FlatParameters parameters = new(run.Adapters.SelectMany(adapter => adapter.Trainable).Select(p => (p.Name, p.Value, run.Method.LearningRate(_spec, p.Factor))));
        _optimizer = new(parameters, _spec.WeightDecay, _spec.MaxGradNorm);
        _log = new(run.Device);
        Scaler = _spec.Precision == Precision.Fp16 ? LossScaler.On : LossScaler.Off;
        if (saved?.State is TrainingState state)
        {
            _evaluated = state.Evaluated;
            _optimizer.Restore(state.Step, saved.Tensor);
            Scaler = new(Scaler.Active, state.LossScale, state.GoodSteps, state.Overflows);
            Consumed = ConsumedRows.After(state.Step, state.ConsumedTokens, state.ConsumedSha256);
            run.Memory.Include(state.Summary.PeakMemoryMb);
        }
    }

    /// <summary>The prepared run.</summary>
    public PreparedRun Run { get; }

    /// <summary>Asks the run to stop.</summary>
    public CancellationToken Stop { get; }

    /// <summary>The windows consumed so far, earlier attempts included.</summary>
    public ConsumedRows Consumed { get; } = new();

    /// <summary>Factor of the next step's gradient.</summary>
    public LossScaler Scaler { get; private set; }

    /// <summary>Steps issued.</summary>
    public int Step => Consumed.Steps + _log.Count;

    /// <summary>Whether an evaluation belongs here, before the next step.</summary>
    public bool EvaluationDue => !_evaluated && _log.Count == 0 && (Step == 0 || _plan.EvaluatesAfter(Step));

    /// <summary>Whether all steps are taken and evaluated.</summary>
    public bool Finished => Step == _plan.TotalSteps && _log.Count == 0 && !EvaluationDue;

    /// <summary>Whether the steps issued should be read now: it is time to tell, or something needs them.</summary>
    public bool CommitDue => _log.Count == StepLog.Capacity || _recorder.Due || _plan.EvaluatesAfter(Step);

    /// <summary>The peak of computing a step's gradient, MiB, which is thrown away; null where it cannot be measured.</summary>
    /// <param name="gradient">Computes it.</param>
    /// <param name="step">The step.</param>
    /// <exception cref="OperationCanceledException">The run shall stop.</exception>
    public double? Probe(IWindowGradient gradient, int step)
    {
        Run.Memory.BeginUncounted();
        using (NewDisposeScope())
        {
            // Reading the loss waits for the device: running out of memory is heard here.
            TensorReader.Doubles(gradient.Accumulate(step, Scaler.Scale, Stop));
        }

        double? peak = Run.Memory.EndUncounted();
        _optimizer.ZeroGradients();
        return peak;
    }

    /// <summary>Makes room for a step's gradient.</summary>
    public void BeginStep()
    {
        Run.Memory.Begin();
        _optimizer.ZeroGradients();
    }

    /// <summary>Issues the update that follows a gradient.</summary>
    public void Update(int step, Tensor loss) =>
        _optimizer.Step(loss, Scaler.Scale, LearningRateFactor(step), _log.Values, _log.Count);

    /// <summary>A step was issued.</summary>
    public void EndStep(int step, double seconds)
    {
        _pace.Step(seconds);
        _evaluated = false;
        _log.Add(new(step, Run.Window(step), seconds, Scaler));
        Scaler = Scaler.AfterFinite();
    }

    /// <summary>
    /// Reads the steps issued and records them. After a gradient that overflowed with a finite loss (fp16) the run stands before that step
    /// again with half the loss scale: nothing was updated since.
    /// </summary>
    /// <exception cref="RunFailure">The run diverged.</exception>
    public void Commit()
    {
        IReadOnlyList<(PendingStep Step, double Loss, double Norm)> steps = _log.Read();
        if (steps.Count == 0)
        {
            return;
        }

        double? memory = Run.Memory.Sample();
        double tokensPerSecond = steps.Sum(entry => entry.Step.Window.Sum(example => example.Ids.Length)) / steps.Sum(entry => entry.Step.Seconds);
        foreach ((PendingStep step, double loss, double norm) in steps)
        {
            if (step.Scaler.Active && double.IsFinite(loss) && !double.IsFinite(norm))
            {
                Overflowed(step);
                return;
            }

            Consumed.Add(step.Step, step.Window);
            Record(step, loss, norm, tokensPerSecond, memory);
            ThrowIfDiverged(step.Step, loss, norm);
        }

        CompareWithBudget(Run.Memory.PeakMb);

        if (_recorder.Due)
        {
            _recorder.Flush();
        }
    }

    /// <summary>An evaluation is made.</summary>
    /// <exception cref="RunFailure">Its loss is not finite: the factors are not worth a checkpoint.</exception>
    public void Evaluated(EvaluationOutcome outcome, double seconds)
    {
        CompareWithBudget(Run.Memory.EndUncounted());
        _pace.Evaluation(seconds);
        _evaluated = true;
        _summary.Evaluation(Step, outcome);
        RecordCosts();
        _recorder.Evaluation(Step, Run.Labels, outcome);
        if (!double.IsFinite(outcome.Loss))
        {
            throw NonFiniteEvaluation(double.IsNaN(outcome.Loss) ? "NaN" : "infinite");
        }
    }

    /// <summary>An evaluation begins.</summary>
    public void BeginEvaluation()
    {
        Run.Memory.BeginUncounted();
        _recorder.Phase("evaluating", Step, _plan.TotalSteps, _pace.Left(Step));
    }

    /// <summary>The evaluation goes on.</summary>
    public void Evaluating() => _recorder.Moving("evaluating", Step, _plan.TotalSteps, _pace.Left(Step));

    /// <summary>What a later attempt needs to go on from here, beside the tensors.</summary>
    public TrainingState State(string specSha256, RunFingerprint fingerprint) => new()
    {
        Step = Consumed.Steps,
        Evaluated = _evaluated,
        SpecSha256 = specSha256,
        Spec = _spec,
        Threads = Run.Environment.Threads,
        BaseSha256 = fingerprint.Model.WeightsSha256,
        Start = fingerprint.Adapter with { FinalSha256 = null },
        TakenFromBranch = Run.Adapters.Any(adapter => adapter.Extracted is { InBranch: true }),
        OptimizerSteps = Consumed.Steps,
        LossScale = Scaler.Scale,
        GoodSteps = Scaler.GoodSteps,
        Overflows = Scaler.Overflows,
        ConsumedTokens = Consumed.Tokens,
        ConsumedSha256 = Consumed.Sha256,
        Summary = _summary.Summary,
    };

    /// <summary>All factors and both moments of the trained ones, by name; the current dispose scope owns the moments.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors() =>
        AdapterFactors.Of(Run.Adapters).Concat(_optimizer.Moments).ToDictionary(pair => pair.Key, pair => pair.Value);

    /// <inheritdoc />
    public void Dispose()
    {
        _log.Dispose();
        _optimizer.Dispose();
    }

    private void Overflowed(PendingStep step)
    {
        Scaler = step.Scaler.AfterOverflow();
        _optimizer.ClearOverflow();
        _recorder.Log($"step {step.Step}: the gradient overflowed fp16 at loss scale {step.Scaler.Scale}; the window is computed again at {Scaler.Scale}");
        if (Scaler.Exhausted)
        {
            throw new RunFailure(EndReason.Diverged, $"The gradient overflows fp16 at step {step.Step} of {_plan.TotalSteps} even unscaled: lower learningRate, or use precision bf16 or fp32.");
        }
    }

    private void Record(PendingStep step, double loss, double norm, double tokensPerSecond, double? memory)
    {
        _summary.TrainLoss(step.Step, loss);
        RecordCosts();
        List<(string, double)> points =
        [
            (MetricKeys.TrainLoss, loss),
            (MetricKeys.TrainGradNorm, norm),
            (MetricKeys.TrainLearningRate, Run.Method.LearningRate(_spec, AdapterFactor.A) * LearningRateFactor(step.Step)),
            (MetricKeys.TrainTokensPerSecond, tokensPerSecond),
            (MetricKeys.MemoryUsedMb, memory ?? double.NaN),
        ];
        if (step.Scaler.Active)
        {
            points.Add((MetricKeys.TrainLossScale, step.Scaler.Scale));
        }

        _recorder.Step(step.Step, _plan.TotalSteps, _pace.Left(step.Step), points.ToArray());
    }

    private void RecordCosts() => _summary.Set(known => known with
    {
        TrainTokens = Consumed.Tokens,
        TrainSeconds = _pace.TrainSeconds,
        EvalSeconds = _pace.EvaluationSeconds,
        PeakMemoryMb = Run.Memory.PeakMb,
    });

    // "Fits in 8 GB" is a claim about a run on a larger device: what it takes beyond the budget is told, and the run goes on.
    private void CompareWithBudget(double? usedMb)
    {
        if (_spec.MemoryBudgetMb is not int budget || usedMb is not double used || used <= budget || used - budget <= _summary.Summary.BudgetExceededMb)
        {
            return;
        }

        bool first = _summary.Summary.BudgetExceededMb is null;
        _summary.Set(known => known with { BudgetExceededMb = used - budget });
        if (first)
        {
            _recorder.OverBudget(Step, used, budget);
        }
    }

    private RunFailure NonFiniteEvaluation(string what) => Step == 0
        ? RunFailure.BadData(
            $"The evaluation loss is {what} before the first step: the weights of '{_spec.Model}'{(_spec.InitFrom is null ? "" : " or the adapter of initFrom")} are damaged, or too large for precision {_spec.Precision.ToString().ToLowerInvariant()}; check them, or use precision fp32.", "model")
        : new(EndReason.Diverged, $"{EndMessages.Diverged($"The evaluation loss became {what} after step {Step} of {_plan.TotalSteps}")} The checkpoint of the evaluation before is kept.");

    private void ThrowIfDiverged(int step, double loss, double norm)
    {
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            string what = double.IsFinite(loss) ? "gradient" : "loss";
            throw new RunFailure(
                EndReason.Diverged, EndMessages.Diverged($"The {what} became {(double.IsNaN(loss) || double.IsNaN(norm) ? "NaN" : "infinite")} at step {step} of {_plan.TotalSteps}"));
        }
    }

    private double LearningRateFactor(int step) =>
        LearningRateSchedules.Factor(_spec.Schedule, step, _spec.WarmupSteps, _spec.ScheduleSteps ?? _plan.FullSteps);
}
