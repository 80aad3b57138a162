using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Memory;
using LoraLab.Training.Training.Optimization;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Training.Training;

/// <summary>Records what the loop does: events, results so far, times, and memory against the budget.</summary>
public sealed class TrainingReport
{
    private readonly PreparedRun _run;
    private readonly RunRecorder _recorder;
    private readonly SummaryBuilder _summary;
    private readonly StepTiming _timing;
    private readonly FreeMemoryCheck? _free;

    /// <summary>Creates the report of an attempt.</summary>
    /// <param name="run">The prepared run.</param>
    /// <param name="recorder">Records the events.</param>
    /// <param name="summary">Collects the results; it has those of earlier attempts.</param>
    public TrainingReport(PreparedRun run, RunRecorder recorder, SummaryBuilder summary)
        : this(run, recorder, summary, free: null)
    {
    }

    /// <summary>Creates the report of an attempt that also watches the free memory of its GPU.</summary>
    internal TrainingReport(PreparedRun run, RunRecorder recorder, SummaryBuilder summary, FreeMemoryCheck? free)
    {
        (_run, _recorder, _summary, _free) = (run, recorder, summary, free);
        _timing = new(run.Schedule, summary.Summary.TrainSeconds ?? 0, summary.Summary.EvalSeconds ?? 0);
        run.Memory.Include(summary.Summary.PeakMemoryMb);
    }

    /// <summary>The results so far.</summary>
    public RunSummary Summary => _summary.Summary;

    /// <summary>Whether recorded steps should be written, for which the results of issued steps must be read.</summary>
    public bool IsFlushDue => _recorder.IsFlushDue;

    private int TotalSteps => _run.Schedule.TotalSteps;

    /// <summary>Reports the start of an evaluation.</summary>
    public void EvaluationStarted(int step)
    {
        _run.Memory.BeginUncounted();
        _recorder.Phase("evaluating", step, TotalSteps, _timing.SecondsLeft(step));
    }

    /// <summary>Reports that the evaluation is making progress.</summary>
    public void EvaluationProgress(int step) => _recorder.Heartbeat("evaluating", step, TotalSteps, _timing.SecondsLeft(step));

    /// <summary>Records an evaluation.</summary>
    /// <exception cref="RunFailure">Its loss is not finite.</exception>
    public void Evaluated(TrainingProgress progress, EvaluationOutcome outcome, double seconds)
    {
        CompareWithBudget(progress.Step, _run.Memory.EndUncounted());
        _timing.AddEvaluation(seconds);
        RecordCosts(progress);
        _summary.Evaluation(_recorder.Evaluation(progress.Step, outcome with
        {
            Metrics = new Dictionary<string, double>(outcome.Metrics.Concat(progress.Optimizer.Metrics())),
        }));
        if (progress.Optimizer.Describe() is string description)
        {
            _recorder.Log($"step {progress.Step}: {description}");
        }

        if (!double.IsFinite(outcome.Loss))
        {
            throw NonFiniteEvaluation(progress.Step, double.IsNaN(outcome.Loss) ? "NaN" : "infinite");
        }
    }

    /// <summary>
    /// Whether the run stops after its last evaluation, before its last step (<see cref="EarlyStopping"/>); the reason is then recorded.
    /// </summary>
    /// <param name="progress">The progress.</param>
    public bool StopsEarly(TrainingProgress progress)
    {
        if (progress.EvaluatedStep != progress.Step
            || EarlyStopping.Reason(_run.Spec, _run.Schedule, _run.Data.Metric, Summary, progress.Step) is not string reason)
        {
            return false;
        }

        _summary.Set(summary => summary with { EarlyStop = reason });
        _recorder.Log(reason);
        return true;
    }

    /// <summary>Adds the time of steps that the device has done, those that will be repeated included.</summary>
    public void Computed(IReadOnlyList<StepResult> steps)
    {
        foreach (StepResult step in steps)
        {
            _timing.AddStep(step.Seconds);
        }
    }

    /// <summary>Records the results of a step.</summary>
    /// <param name="progress">The progress, which includes the step.</param>
    /// <param name="result">Its results.</param>
    /// <param name="usedMb">Memory in use, MiB; null: not measured.</param>
    /// <exception cref="RunFailure">The run diverged.</exception>
    public void Recorded(TrainingProgress progress, StepResult result, double? usedMb)
    {
        _summary.TrainLoss(result.Step, result.Loss);
        RecordCosts(progress);
        double learningRate = _run.Method.LearningRate(_run.Spec, AdapterFactor.A.Name()) * _run.LearningRateFactor(result.Step);
        List<(string, double)> points =
        [
            (MetricKeys.TrainLoss, result.Loss),
            (MetricKeys.TrainGradNorm, result.Norm),
            (MetricKeys.TrainLearningRate, learningRate),
            (MetricKeys.TrainTokensPerSecond, result.TokensPerSecond),
            (MetricKeys.MemoryUsedMb, usedMb ?? double.NaN),
        ];
        if (result.Scaler.Active)
        {
            points.Add((MetricKeys.TrainLossScale, result.Scaler.Scale));
        }

        _recorder.Step(result.Step, TotalSteps, _timing.SecondsLeft(result.Step), points.ToArray());
        if (!result.Finite)
        {
            string quantity = double.IsFinite(result.Loss) ? "gradient" : "loss";
            string value = double.IsNaN(result.Loss) || double.IsNaN(result.Norm) ? "NaN" : "infinite";
            throw Diverged($"The {quantity} became {value} at step {result.Step} of {TotalSteps}");
        }
    }

    /// <summary>Logs that a window is repeated because its gradient overflowed (fp16).</summary>
    /// <param name="result">The step that overflowed.</param>
    /// <param name="next">The loss scaler of its repetition.</param>
    /// <exception cref="RunFailure">The gradient overflows without loss scaling too.</exception>
    public void Overflowed(StepResult result, LossScaler next)
    {
        _recorder.Log(
            $"step {result.Step}: the gradient overflowed in fp16 at loss scale {result.Scaler.Scale}; "
            + $"repeating the window at {next.Scale}");
        if (next.Exhausted)
        {
            throw new RunFailure(
                EndReason.Diverged,
                $"The gradient overflows fp16 at step {result.Step} of {TotalSteps} even without loss scaling: "
                + $"lower learningRate, or use precision {(PrecisionRule.Half(_run.Device) == Precision.Bf16 ? "bf16 or " : "")}fp32.");
        }
    }

    /// <summary>Compares the peak memory with the budget and writes the recorded steps if they are due.</summary>
    public void Flush(int step)
    {
        CompareWithBudget(step, _run.Memory.PeakMb);
        if (_free?.ShortageAt(step) is string warning)
        {
            _recorder.Log($"warning: {warning}");
        }

        if (_recorder.IsFlushDue)
        {
            _recorder.Flush();
        }
    }

    private void RecordCosts(TrainingProgress progress) => _summary.Set(summary => summary with
    {
        TrainTokens = progress.Consumed.Tokens,
        TrainSeconds = _timing.TrainSeconds,
        EvalSeconds = _timing.EvaluationSeconds,
        PeakMemoryMb = _run.Memory.PeakMb,
    });

    // A budget of 8 GB on a larger device tests whether a run would fit in 8 GB: exceeding it is recorded, and the run continues.
    private void CompareWithBudget(int step, double? usedMb)
    {
        if (_run.Spec.MemoryBudgetMb is not int budget || usedMb is not double used || used <= budget
            || used - budget <= Summary.BudgetExceededMb)
        {
            return;
        }

        bool first = Summary.BudgetExceededMb is null;
        _summary.Set(summary => summary with { BudgetExceededMb = used - budget });
        if (first)
        {
            _recorder.OverBudget(step, used, budget);
        }
    }

    private RunFailure NonFiniteEvaluation(int step, string value) => step == 0
        ? RunFailure.BadData(
            $"The evaluation loss is {value} before the first step: the weights of "
                + $"'{_run.Spec.Model}'{(_run.Spec.InitFrom is null ? "" : " or the initFrom adapter")} "
            + $"are damaged or overflow in precision {_run.Spec.Precision.ToString().ToLowerInvariant()}; "
                + "check the files, or use precision fp32.",
            "model")
        : Diverged(
            $"The evaluation loss became {value} after step {step} of {TotalSteps}", " The checkpoint of the previous evaluation is kept.");

    private static RunFailure Diverged(string cause, string more = "") => new(EndReason.Diverged, EndMessages.Diverged(cause) + more);
}
