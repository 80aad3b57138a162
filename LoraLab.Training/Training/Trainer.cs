using System.Diagnostics;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Training.Evaluation;
using LoraLab.Training.Training.Gradients;
using static TorchSharp.torch;

namespace LoraLab.Training.Training;

/// <summary>
/// The training loop: evaluate where the schedule requires it, accumulate the next window's gradient, clip and update. Synchronous on
/// one thread, because dispose scopes and <c>no_grad</c> are thread-local.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="gradient">Computes the gradients of its windows.</param>
/// <param name="model">The kernels over its model and adapters, for the evaluations.</param>
/// <param name="save">Writes a checkpoint.</param>
public sealed class Trainer(TrainingRun run, IWindowGradient gradient, PackedLlama model, Action save)
{
    /// <summary>Trains until all steps and evaluations are done.</summary>
    /// <exception cref="RunFailure">The run diverged.</exception>
    /// <exception cref="OperationCanceledException">The run was stopped; a checkpoint of its last step is saved.</exception>
    public void Run()
    {
        try
        {
            while (true)
            {
                run.Stop.ThrowIfCancellationRequested();
                if (run.EvaluationDue)
                {
                    Evaluate();
                }

                if (run.Finished)
                {
                    return;
                }

                TakeStep(run.Step + 1);
                if (run.CommitDue)
                {
                    run.Commit();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Updates already issued are complete: they count, and the checkpoint includes them.
            run.Commit();
            save();
            throw;
        }
    }

    private void TakeStep(int step)
    {
        long started = Stopwatch.GetTimestamp();
        run.BeginStep();
        using IDisposable scope = NewDisposeScope();
        run.Update(step, gradient.Accumulate(step, run.Scaler.Scale, run.Stop));
        run.EndStep(step, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private void Evaluate()
    {
        run.BeginEvaluation();
        long started = Stopwatch.GetTimestamp();
        EvaluationOutcome outcome = run.Run.Evaluator.Run(model, run.Stop, run.ReportEvaluationProgress);
        run.EndEvaluation(outcome, Stopwatch.GetElapsedTime(started).TotalSeconds);
        save();
    }
}
