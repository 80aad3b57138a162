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
/// The state of a training run: parameters, optimizer, loss scale and progress. Steps are first issued to the device, then committed
/// when their results are read; only committed steps are recorded, checkpointed and evaluated.
/// </summary>
public sealed class TrainingRun : IDisposable
{
    private readonly RunSpec _spec;
    private readonly RunSchedule _schedule;
    private readonly RunRecorder _recorder;
    private readonly SummaryBuilder _summary;
    private readonly StepTiming _timing;
    private readonly FusedAdamW _optimizer;
    private readonly StepLog _log;
    private bool _evaluated;

    /// <summary>Creates a run at step 0, or resumes it from <paramref name="checkpoint"/>.</summary>
    /// <param name="run">The prepared run; its trained factors move into the optimizer's flat tensor.</param>
    /// <param name="recorder">Records steps and evaluations.</param>
    /// <param name="summary">Collects results.</param>
    /// <param name="stop">Signals the run to stop.</param>
    /// <param name="checkpoint">Checkpoint to resume from.</param>
    public TrainingRun(
        PreparedRun run, RunRecorder recorder, SummaryBuilder summary, CancellationToken stop, CheckpointReader? checkpoint = null)
    {
        (Run, _recorder, _summary, Stop) = (run, recorder, summary, stop);
        (_spec, _schedule) = (run.Spec, run.Schedule);
        _timing = new(run.Schedule, checkpoint?.State.Summary.TrainSeconds ?? 0, checkpoint?.State.Summary.EvalSeconds ?? 0);
        FlatParameters parameters = new(run.Adapters.SelectMany(adapter => adapter.Trainable)
            .Select(p => (p.Name, p.Value, run.Method.LearningRate(_spec, p.Factor))));
        _optimizer = new(parameters, _spec.WeightDecay, _spec.MaxGradNorm);
        _log = new(run.Device);
        Scaler = _spec.Precision == Precision.Fp16 ? LossScaler.On : LossScaler.Off;
        if (checkpoint?.State is TrainingState state)
        {
            _evaluated = state.Evaluated;
            _optimizer.Restore(state.Step, checkpoint.Tensor);
            Scaler = new(Scaler.Active, state.LossScale, state.GoodSteps, state.Overflows);
            Consumed = ConsumedRows.Restore(state.Step, state.ConsumedTokens, state.ConsumedSha256);
            run.Memory.Include(state.Summary.PeakMemoryMb);
        }
    }

    /// <summary>The prepared run.</summary>
    public PreparedRun Run { get; }

    /// <summary>Cancelled when the run must stop.</summary>
    public CancellationToken Stop { get; }

    /// <summary>Rows consumed so far, earlier attempts included.</summary>
    public ConsumedRows Consumed { get; } = new();

    /// <summary>The loss scaler of the next step.</summary>
    public LossScaler Scaler { get; private set; }

    /// <summary>Steps issued.</summary>
    public int Step => Consumed.Steps + _log.Count;

    /// <summary>Whether an evaluation is due before the next step.</summary>
    public bool EvaluationDue => !_evaluated && _log.Count == 0 && (Step == 0 || _schedule.EvaluatesAfter(Step));

    /// <summary>Whether all steps and evaluations are done.</summary>
    public bool Finished => Step == _schedule.TotalSteps && _log.Count == 0 && !EvaluationDue;

    /// <summary>Whether the issued steps must be read now: the log is full, metrics are due, or an evaluation follows.</summary>
    public bool CommitDue => _log.Count == StepLog.Capacity || _recorder.IsFlushDue || _schedule.EvaluatesAfter(Step);

    /// <summary>Computes and discards the gradient of a step; returns the peak memory, MiB, or null if it cannot be measured.</summary>
    /// <param name="gradient">Computes the gradient.</param>
    /// <param name="step">The step.</param>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public double? Probe(IWindowGradient gradient, int step)
    {
        Run.Memory.BeginUncounted();
        using (NewDisposeScope())
        {
            // Reading the loss synchronizes with the device, so that an out-of-memory error is raised here.
            TensorReader.Doubles(gradient.Accumulate(step, Scaler.Scale, Stop));
        }

        double? peak = Run.Memory.EndUncounted();
        _optimizer.ZeroGradients();
        return peak;
    }

    /// <summary>Zeroes the gradients for a step.</summary>
    public void BeginStep()
    {
        Run.Memory.Begin();
        _optimizer.ZeroGradients();
    }

    /// <summary>Issues the optimizer update after the gradient is accumulated.</summary>
    public void Update(int step, Tensor loss) =>
        _optimizer.Step(loss, Scaler.Scale, LearningRateFactor(step), _log.Values, _log.Count);

    /// <summary>Adds the issued step to the log of pending steps.</summary>
    public void EndStep(int step, double seconds)
    {
        _timing.AddStep(seconds);
        _evaluated = false;
        _log.Add(new(step, Run.Window(step), seconds, Scaler));
        Scaler = Scaler.AfterFinite();
    }

    /// <summary>
    /// Reads the issued steps and records them. If a gradient overflowed with a finite loss (fp16), the run returns to that step with half
    /// the loss scale; the updates since were skipped.
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
        double tokensPerSecond =
            steps.Sum(entry => entry.Step.Window.Sum(example => example.Ids.Length)) / steps.Sum(entry => entry.Step.Seconds);
        foreach ((PendingStep step, double loss, double norm) in steps)
        {
            if (step.Scaler.Active && double.IsFinite(loss) && !double.IsFinite(norm))
            {
                HandleOverflow(step);
                return;
            }

            Consumed.Add(step.Step, step.Window);
            Record(step, loss, norm, tokensPerSecond, memory);
            ThrowIfDiverged(step.Step, loss, norm);
        }

        CompareWithBudget(Run.Memory.PeakMb);

        if (_recorder.IsFlushDue)
        {
            _recorder.Flush();
        }
    }

    /// <summary>Records an evaluation.</summary>
    /// <exception cref="RunFailure">Its loss is not finite, so no checkpoint is saved.</exception>
    public void EndEvaluation(EvaluationOutcome outcome, double seconds)
    {
        CompareWithBudget(Run.Memory.EndUncounted());
        _timing.AddEvaluation(seconds);
        _evaluated = true;
        _summary.Evaluation(Step, outcome);
        RecordCosts();
        _recorder.Evaluation(Step, Run.Labels, outcome);
        if (!double.IsFinite(outcome.Loss))
        {
            throw NonFiniteEvaluation(double.IsNaN(outcome.Loss) ? "NaN" : "infinite");
        }
    }

    /// <summary>Reports the start of an evaluation.</summary>
    public void BeginEvaluation()
    {
        Run.Memory.BeginUncounted();
        _recorder.Phase("evaluating", Step, _schedule.TotalSteps, _timing.SecondsLeft(Step));
    }

    /// <summary>Reports that the evaluation is making progress.</summary>
    public void ReportEvaluationProgress() => _recorder.Heartbeat("evaluating", Step, _schedule.TotalSteps, _timing.SecondsLeft(Step));

    /// <summary>Returns the state of a checkpoint, without its tensors.</summary>
    public TrainingState State(string specSha256, RunFingerprint fingerprint) => new()
    {
        Step = Consumed.Steps,
        Evaluated = _evaluated,
        SpecSha256 = specSha256,
        Spec = _spec,
        Threads = Run.Environment.Threads,
        BaseSha256 = fingerprint.Model.WeightsSha256,
        Start = fingerprint.Adapter with { FinalSha256 = null },
        ExtractedInBranch = Run.Adapters.Any(adapter => adapter.Extracted is { InBranch: true }),
        OptimizerSteps = Consumed.Steps,
        LossScale = Scaler.Scale,
        GoodSteps = Scaler.GoodSteps,
        Overflows = Scaler.Overflows,
        ConsumedTokens = Consumed.Tokens,
        ConsumedSha256 = Consumed.Sha256,
        Summary = _summary.Summary,
    };

    /// <summary>
    /// Returns the tensors of a checkpoint: all factors, and both moments of the trained ones, which the dispose scope owns.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Tensors() =>
        AdapterFactors.Of(Run.Adapters).Concat(_optimizer.Moments).ToDictionary(pair => pair.Key, pair => pair.Value);

    /// <inheritdoc />
    public void Dispose()
    {
        _log.Dispose();
        _optimizer.Dispose();
    }

    private void HandleOverflow(PendingStep step)
    {
        Scaler = step.Scaler.AfterOverflow();
        _optimizer.ClearOverflow();
        _recorder.Log(
            $"step {step.Step}: the gradient overflowed in fp16 at loss scale {step.Scaler.Scale}; repeating the window at {Scaler.Scale}");
        if (Scaler.Exhausted)
        {
            throw new RunFailure(
                EndReason.Diverged,
                $"The gradient overflows fp16 at step {step.Step} of {_schedule.TotalSteps} even without loss scaling: "
                + "lower learningRate, or use precision bf16 or fp32.");
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

        _recorder.Step(step.Step, _schedule.TotalSteps, _timing.SecondsLeft(step.Step), points.ToArray());
    }

    private void RecordCosts() => _summary.Set(summary => summary with
    {
        TrainTokens = Consumed.Tokens,
        TrainSeconds = _timing.TrainSeconds,
        EvalSeconds = _timing.EvaluationSeconds,
        PeakMemoryMb = Run.Memory.PeakMb,
    });

    // A budget of 8 GB on a larger device tests whether a run would fit in 8 GB: exceeding it is recorded, and the run continues.
    private void CompareWithBudget(double? usedMb)
    {
        if (_spec.MemoryBudgetMb is not int budget || usedMb is not double used || used <= budget
            || used - budget <= _summary.Summary.BudgetExceededMb)
        {
            return;
        }

        bool first = _summary.Summary.BudgetExceededMb is null;
        _summary.Set(summary => summary with { BudgetExceededMb = used - budget });
        if (first)
        {
            _recorder.OverBudget(Step, used, budget);
        }
    }

    private RunFailure NonFiniteEvaluation(string value) => Step == 0
        ? RunFailure.BadData(
            $"The evaluation loss is {value} before the first step: the weights of "
                + $"'{_spec.Model}'{(_spec.InitFrom is null ? "" : " or the initFrom adapter")} "
            + $"are damaged or overflow in precision {_spec.Precision.ToString().ToLowerInvariant()}; "
                + "check the files, or use precision fp32.",
            "model")
        : new(
            EndReason.Diverged,
            EndMessages.Diverged($"The evaluation loss became {value} after step {Step} of {_schedule.TotalSteps}")
            + " The checkpoint of the previous evaluation is kept.");

    private void ThrowIfDiverged(int step, double loss, double norm)
    {
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            string quantity = double.IsFinite(loss) ? "gradient" : "loss";
            string value = double.IsNaN(loss) || double.IsNaN(norm) ? "NaN" : "infinite";
            throw new RunFailure(
                EndReason.Diverged, EndMessages.Diverged($"The {quantity} became {value} at step {step} of {_schedule.TotalSteps}"));
        }
    }

    private double LearningRateFactor(int step) =>
        LearningRateSchedules.Factor(_spec.Schedule, step, _spec.WarmupSteps, _spec.ScheduleSteps ?? _schedule.FullSteps);
}
