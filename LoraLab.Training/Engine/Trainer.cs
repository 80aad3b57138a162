using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Errors;
using LoraLab.Training.Evaluation;
using LoraLab.Training.Fingerprints;
using LoraLab.Training.Optimization;
using LoraLab.Training.Resume;
using LoraLab.Training.Worker;
using static TorchSharp.torch;

namespace LoraLab.Training.Engine;

/// <summary>
/// Trains the adapters of a prepared run: evaluate, then for each window accumulate its gradient, clip, update, and evaluate
/// where the plan says so. Synchronous, on one thread: dispose scopes and <c>no_grad</c> belong to a thread.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly PreparedRun _run;
    private readonly RunSpec _spec;
    private readonly RunPlan _plan;
    private readonly RunRecorder _recorder;
    private readonly SummaryBuilder _summary;
    private readonly Pace _pace;
    private readonly WindowGradient _gradient;
    private readonly AdamW _optimizer;
    private readonly LossScaler _scaler;
    private bool _evaluated;

    /// <summary>A trainer at the start of a run, or where <paramref name="saved"/> says.</summary>
    public Trainer(PreparedRun run, RunRecorder recorder, SummaryBuilder summary, SavedState? saved = null)
    {
        (_run, _recorder, _summary) = (run, recorder, summary);
        (_spec, _plan) = (run.Spec, run.Plan);
        _pace = new(run.Plan, saved?.State.Summary.TrainSeconds ?? 0, saved?.State.Summary.EvalSeconds ?? 0);
        _gradient = new(run);
        _optimizer = new(run.Adapters.SelectMany(adapter => adapter.Trainable).Select(p => (p.Name, p.Value, run.Method.LearningRate(_spec, p.Factor))), _spec.WeightDecay);
        _scaler = run.Spec.Precision == Precision.Fp16 ? LossScaler.On() : LossScaler.Off();
        if (saved?.State is TrainingState state)
        {
            _evaluated = state.Evaluated;
            _optimizer.Restore(state.OptimizerSteps, saved.Tensor);
            _scaler.Restore(state.LossScale, state.CalmSteps);
            Consumed = ConsumedRows.After(state.Step, state.ConsumedTokens, state.ConsumedSha256);
            run.Memory.Include(state.Summary.PeakMemoryMb);
        }
    }

    /// <summary>The windows consumed so far, earlier attempts included.</summary>
    public ConsumedRows Consumed { get; } = new();

    /// <summary>Runs to the end; results go to the recorder and the summary.</summary>
    /// <param name="save">Writes a checkpoint.</param>
    /// <param name="cancellation">Stops between two layers or passes; a checkpoint of the last whole step is written then.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="RunFailure">The run diverged.</exception>
    public void Run(Action<Trainer> save, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                int step = Consumed.Steps;
                if (!_evaluated && (step == 0 || _plan.EvaluatesAfter(step)))
                {
                    Evaluate(step, cancellation);
                    save(this);
                }

                if (step == _plan.TotalSteps)
                {
                    return;
                }

                TakeStep(step + 1, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            save(this);
            throw;
        }
    }

    /// <summary>What a later attempt needs to go on from here, beside the tensors.</summary>
    public TrainingState State(string specSha256, RunFingerprint fingerprint) => new()
    {
        Step = Consumed.Steps,
        Evaluated = _evaluated,
        SpecSha256 = specSha256,
        Spec = _spec,
        Threads = _run.Environment.Threads,
        BaseSha256 = fingerprint.Model.WeightsSha256,
        Start = fingerprint.Adapter with { FinalSha256 = null },
        TakenFromBranch = _run.Adapters.Any(adapter => adapter.Taken is { FromBranch: true }),
        OptimizerSteps = _optimizer.Steps,
        LossScale = _scaler.Scale,
        CalmSteps = _scaler.CalmSteps,
        ConsumedTokens = Consumed.Tokens,
        ConsumedSha256 = Consumed.Sha256,
        Summary = _summary.Summary,
    };

    /// <summary>All factors and both moments of the trained ones, by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors() =>
        AdapterFactors.Of(_run.Adapters).Concat(_optimizer.Moments).ToDictionary(pair => pair.Key, pair => pair.Value);

    /// <inheritdoc />
    public void Dispose() => _optimizer.Dispose();

    private void TakeStep(int step, CancellationToken cancellation)
    {
        (int start, int count) = _plan.Window(step);
        TrainingExample[] window = [.. _run.Train.Skip(start).Take(count)];
        (double loss, double norm) = (0, 0);
        _run.Memory.Begin();
        double seconds = _pace.Step(() => (loss, norm) = Update(window, step, cancellation));
        _evaluated = false;
        Consumed.Add(step, window);
        Record(step, loss, norm, window.Sum(example => example.Ids.Length) / seconds);
        ThrowIfDiverged(step, loss, norm);
    }

    /// <summary>Loss and gradient norm of the window before its update, and the update.</summary>
    private (double Loss, double Norm) Update(TrainingExample[] window, int step, CancellationToken cancellation)
    {
        _optimizer.ZeroGradients();
        double loss = _gradient.Accumulate(window, step, _scaler.Scale, cancellation);
        double norm = _optimizer.GradientNorm() / _scaler.Scale;
        double factor = 1 / _scaler.Scale;
        if (_spec.MaxGradNorm is double limit)
        {
            factor *= Math.Min(1, limit / (norm + 1e-6));
        }

        if (_scaler.Accept(double.IsFinite(norm)) && double.IsFinite(norm))
        {
            if (factor != 1)
            {
                _optimizer.ScaleGradients(factor);
            }

            _optimizer.Step(LearningRateFactor(step));
        }

        return (loss, norm);
    }

    private void Evaluate(int step, CancellationToken cancellation)
    {
        _run.Memory.End();
        _recorder.Phase("evaluating", step, _plan.TotalSteps, _pace.Left(step));
        EvaluationOutcome? outcome = null;
        _pace.Evaluation(() => outcome = _run.Evaluator.Run(_run.Model, cancellation));
        _evaluated = true;
        _summary.Evaluation(step, outcome!);
        RecordCosts();
        _recorder.Evaluation(step, _run.Labels, outcome!);
    }

    private void Record(int step, double loss, double norm, double tokensPerSecond)
    {
        _summary.TrainLoss(step, loss);
        RecordCosts();
        _recorder.Step(
            step,
            _plan.TotalSteps,
            _pace.Left(step),
            (MetricKeys.TrainLoss, loss),
            (MetricKeys.TrainGradNorm, norm),
            (MetricKeys.TrainLearningRate, _run.Method.LearningRate(_spec, AdapterFactor.A) * LearningRateFactor(step)),
            (MetricKeys.TrainTokensPerSecond, tokensPerSecond),
            (MetricKeys.MemoryUsedMb, _run.Memory.Sample() ?? double.NaN));
    }

    private void RecordCosts() => _summary.Set(known => known with
    {
        TrainTokens = Consumed.Tokens,
        TrainSeconds = _pace.TrainSeconds,
        EvalSeconds = _pace.EvaluationSeconds,
        PeakMemoryMb = _run.Memory.PeakMb,
    });

    private void ThrowIfDiverged(int step, double loss, double norm)
    {
        if (!double.IsFinite(loss) || (!double.IsFinite(norm) && !_scaler.Active))
        {
            string what = double.IsFinite(loss) ? "gradient" : "loss";
            throw new RunFailure(
                EndReason.Diverged, $"The {what} became {(double.IsNaN(loss) || double.IsNaN(norm) ? "NaN" : "infinite")} at step {step} of {_plan.TotalSteps}: lower learningRate, or set maxGradNorm or warmupSteps.");
        }
    }

    private double LearningRateFactor(int step) =>
        LearningRateSchedules.Factor(_spec.Schedule, step, _spec.WarmupSteps, _spec.ScheduleSteps ?? _plan.FullSteps);
}
