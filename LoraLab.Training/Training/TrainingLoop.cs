using System.Diagnostics;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Tasks;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Gradients;
using LoraLab.Training.Training.Optimization;
using LoraLab.Training.Training.Resume;
using static TorchSharp.torch;

namespace LoraLab.Training.Training;

/// <summary>
/// The training loop. Steps are issued to the device without waiting for it; their results are read later, in batches, and only steps
/// whose results were read are recorded, evaluated and saved. Synchronous on one thread, because dispose scopes and <c>no_grad</c> are
/// thread-local.
/// </summary>
/// <param name="run">The prepared run.</param>
/// <param name="gradient">Computes the gradients of its windows.</param>
/// <param name="model">The kernels over its model and adapters, for the evaluations.</param>
/// <param name="progress">The state that training changes.</param>
/// <param name="report">Records steps and evaluations.</param>
/// <param name="checkpoints">Writes the checkpoints; null: none are written.</param>
/// <param name="stop">Cancelled when the run must stop.</param>
/// <param name="best">Keeps the adapter of the best evaluation; null: it is not kept.</param>
public sealed class TrainingLoop(
    PreparedRun run,
    IWindowGradient gradient,
    PackedLlama model,
    TrainingProgress progress,
    TrainingReport report,
    RunCheckpoints? checkpoints,
    CancellationToken stop,
    BestAdapter? best = null)
{
    /// <summary>Trains until all steps and evaluations are done, or the evaluations no longer improve.</summary>
    /// <exception cref="RunFailure">The run diverged.</exception>
    /// <exception cref="OperationCanceledException">The run was stopped; a checkpoint of its last step is saved.</exception>
    public void Run()
    {
        bool updating = false;
        try
        {
            while (true)
            {
                stop.ThrowIfCancellationRequested();

                // Evaluate before the first step, every evalEvery steps and after the last one. A checkpoint follows every evaluation.
                if (progress.EvaluationDue)
                {
                    long evaluationStarted = Stopwatch.GetTimestamp();
                    report.EvaluationStarted(progress.Step);
                    EvaluationOutcome outcome = run.Evaluation.Run(model, stop, () => report.EvaluationProgress(progress.Step));
                    progress.EvaluatedStep = progress.Step;
                    report.Evaluated(progress, outcome, Stopwatch.GetElapsedTime(evaluationStarted).TotalSeconds);
                    best?.Keep(report.Summary, progress.Step);
                    checkpoints?.Save(progress, report.Summary);
                }

                if (progress.Step == run.Schedule.TotalSteps || report.StopsEarly(progress))
                {
                    checkpoints?.Finish();
                    return;
                }

                // The next window: its gradient, then clipping and update, around which the method may act. All of it is only issued to
                // the device.
                int step = progress.Step + 1;
                LossScaler scaler = progress.Scaler;
                run.Memory.Begin();
                progress.Issued.Begin();
                progress.Optimizer.ZeroGradients();
                using (NewDisposeScope())
                {
                    Tensor loss = gradient.Accumulate(step, scaler.Scale, stop);
                    updating = true;
                    progress.Optimizer.Step(
                        step, loss, scaler.Scale, run.LearningRateFactor(step), progress.Issued.Results, progress.Issued.Count);
                    run.Model.Trained?.Refresh();
                    updating = false;
                }

                progress.Issued.Add(new(step, run.Window(step), scaler));
                progress.Scaler = scaler.AfterFinite();

                if (progress.Issued.IsFull || report.IsFlushDue || run.Schedule.EvaluatesAfter(step))
                {
                    RecordIssuedSteps();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Updates already issued are complete: they count, and the checkpoint includes them.
            SaveIssuedSteps();
            throw;
        }
        catch (Exception problem) when (OutOfMemory.Is(problem) && !updating)
        {
            // The memory was not enough for a gradient: the updates before it are complete, and no step is lost when the run is resumed.
            progress.Optimizer.ZeroGradients();
            SaveIssuedSteps();
            throw;
        }

        void SaveIssuedSteps()
        {
            RecordIssuedSteps();
            checkpoints?.Save(progress, report.Summary);
            checkpoints?.Finish();
        }

        // Waits for the device once for all issued steps.
        void RecordIssuedSteps()
        {
            IReadOnlyList<StepResult> results = progress.Issued.Read();
            double? usedMb = results.Count > 0 ? run.Memory.Sample() : null;
            report.Computed(results);
            foreach (StepResult result in results)
            {
                if (result.Overflowed)
                {
                    // fp16: the optimizer skipped this update and all later ones. The loop repeats the window with half the loss scale.
                    progress.Scaler = result.Scaler.AfterOverflow();
                    progress.Optimizer.ClearOverflow();
                    report.Overflowed(result, progress.Scaler);
                    break;
                }

                progress.Consumed.Add(result.Step, result.Window);
                report.Recorded(progress, result, usedMb);
            }

            report.Flush(progress.Step);
            checkpoints?.Poll();
        }
    }
}
