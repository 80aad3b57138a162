using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Errors;
using LoraLab.Training.Evaluation;
using LoraLab.Training.Model;
using LoraLab.Training.Optimization;
using LoraLab.Training.Worker;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Engine;

/// <summary>
/// Trains the adapters of a prepared run: evaluate, then for each window accumulate its gradient, clip, update, and evaluate
/// where the plan says so. Synchronous, on one thread: dispose scopes and <c>no_grad</c> belong to a thread.
/// </summary>
public sealed class Trainer(PreparedRun run, RunRecorder recorder, SummaryBuilder summary)
{
    private readonly RunSpec _spec = run.Spec;
    private readonly RunPlan _plan = run.Plan;
    private readonly Pace _pace = new(run.Plan);
    private readonly LossScaler _scaler = run.Spec.Precision == Precision.Fp16 ? LossScaler.On() : LossScaler.Off();
    private long _tokens;

    /// <summary>Runs to the end; results go to the recorder and the summary.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two layers or passes.</exception>
    /// <exception cref="RunFailure">The run diverged.</exception>
    public void Run(CancellationToken cancellation)
    {
        using AdamW optimizer = new(
            run.Adapters.SelectMany(adapter => adapter.Trainable).Select(p => (p.Value, run.Method.LearningRate(_spec, p.Factor))), _spec.WeightDecay);
        Evaluate(0, cancellation);
        run.Memory.Begin();
        for (int step = 1; step <= _plan.TotalSteps; step++)
        {
            StepOutcome outcome = default;
            double seconds = _pace.Step(() => outcome = TakeStep(optimizer, step, cancellation));
            Record(step, outcome, seconds);
            ThrowIfDiverged(step, outcome);
            if (_plan.EvaluatesAfter(step))
            {
                run.Memory.End();
                RecordCosts();
                Evaluate(step, cancellation);
                run.Memory.Begin();
            }
        }
    }

    private StepOutcome TakeStep(AdamW optimizer, int step, CancellationToken cancellation)
    {
        (int start, int count) = _plan.Window(step);
        TrainingExample[] window = [.. run.Train.Skip(start).Take(count)];
        optimizer.ZeroGradients();
        double loss = AccumulateWindow(window, step, cancellation);
        double norm = optimizer.GradientNorm() / _scaler.Scale;
        double factor = 1 / _scaler.Scale;
        if (_spec.MaxGradNorm is double limit)
        {
            factor *= Math.Min(1, limit / (norm + 1e-6));
        }

        if (_scaler.Accept(double.IsFinite(norm)) && double.IsFinite(norm))
        {
            if (factor != 1)
            {
                optimizer.ScaleGradients(factor);
            }

            optimizer.Step(LearningRateFactor(step));
        }

        return new(loss, norm, window.Sum(example => example.Ids.Length));
    }

    /// <summary>The window's loss; its gradient is left in the parameters, however the window is split into passes.</summary>
    private double AccumulateWindow(IReadOnlyList<TrainingExample> window, int step, CancellationToken cancellation)
    {
        double loss = 0;
        foreach (WindowPass pass in WindowPass.Split(window, run.Environment.MicroBatch, _spec.LossWeighting, run.Device))
        {
            cancellation.ThrowIfCancellationRequested();
            using IDisposable scope = NewDisposeScope();
            Tensor hidden_BTD = run.Model.Hidden(pass.Ids_BT, new ForwardPass(cancellation, Masks(step, pass)));
            Tensor hidden_ND = hidden_BTD.reshape(-1, hidden_BTD.shape[2]).index_select(0, pass.TargetPositions_N);
            Tensor losses_N = functional.cross_entropy(run.Model.Logits(hidden_ND), pass.TargetIds_N, reduction: Reduction.None);
            Tensor passLoss = losses_N.mul(pass.Weights_N).sum();
            (_scaler.Active ? passLoss.mul(_scaler.Scale) : passLoss).backward();
            loss += passLoss.to(float64).item<double>();
        }

        return loss;
    }

    private void Evaluate(int step, CancellationToken cancellation)
    {
        recorder.Phase("evaluating", step, _plan.TotalSteps, _pace.Left(step));
        EvaluationOutcome? outcome = null;
        _pace.Evaluation(() => outcome = run.Evaluator.Run(run.Model, cancellation));
        summary.Evaluation(step, outcome!);
        RecordCosts();
        recorder.Evaluation(step, run.Labels, outcome!);
    }

    private void Record(int step, StepOutcome outcome, double seconds)
    {
        _tokens += outcome.Tokens;
        summary.TrainLoss(step, outcome.Loss);
        recorder.Step(
            step,
            _plan.TotalSteps,
            _pace.Left(step),
            (MetricKeys.TrainLoss, outcome.Loss),
            (MetricKeys.TrainGradNorm, outcome.Norm),
            (MetricKeys.TrainLearningRate, run.Method.LearningRate(_spec, AdapterFactor.A) * LearningRateFactor(step)),
            (MetricKeys.TrainTokensPerSecond, outcome.Tokens / seconds),
            (MetricKeys.MemoryUsedMb, run.Memory.Sample() ?? double.NaN));
    }

    private void RecordCosts() => summary.Set(known => known with
    {
        TrainTokens = _tokens,
        TrainSeconds = _pace.TrainSeconds,
        EvalSeconds = _pace.EvaluationSeconds,
        PeakMemoryMb = run.Memory.PeakMb,
    });

    private void ThrowIfDiverged(int step, StepOutcome outcome)
    {
        (double loss, double norm, _) = outcome;
        if (!double.IsFinite(loss) || (!double.IsFinite(norm) && !_scaler.Active))
        {
            string what = double.IsFinite(loss) ? "gradient" : "loss";
            throw new RunFailure(
                EndReason.Diverged, $"The {what} became {(double.IsNaN(loss) || double.IsNaN(norm) ? "NaN" : "infinite")} at step {step} of {_plan.TotalSteps}: lower learningRate, or set maxGradNorm or warmupSteps.");
        }
    }

    private double LearningRateFactor(int step) =>
        LearningRateSchedules.Factor(_spec.Schedule, step, _spec.WarmupSteps, _spec.ScheduleSteps ?? _plan.FullSteps);

    private DropoutMasks? Masks(int step, WindowPass pass) => _spec.Dropout > 0
        ? new(_spec.Seed, step, [.. pass.Examples.Select(example => example.Row)], [.. pass.Examples.Select(example => example.Ids.Length - 1)])
        : null;

    /// <summary>What an optimizer step found: the window's loss and gradient norm before the update, and its tokens.</summary>
    private readonly record struct StepOutcome(double Loss, double Norm, int Tokens);
}
