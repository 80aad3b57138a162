using System.Diagnostics;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Training.Evaluation;
using LoraLab.Training.Training.Gradients;
using static TorchSharp.torch;

namespace LoraLab.Training.Training;

/// <summary>
/// Trains a prepared run: evaluate where the plan says so, then compute the next window's gradient, clip and update. Synchronous, on one
/// thread: dispose scopes and <c>no_grad</c> belong to a thread.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="gradient">Computes its windows' gradients.</param>
/// <param name="model">The kernels over its model and adapters, with which the evaluation rows are scored.</param>
/// <param name="save">Writes a checkpoint.</param>
public sealed class Trainer(TrainingRun run, IWindowGradient gradient, PackedLlama model, Action save)
{
    /// <summary>Trains until all steps are taken and evaluated.</summary>
    /// <exception cref="RunFailure">The run diverged.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop, and has a checkpoint of its last step.</exception>
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
            // Updates already issued are whole: they count, and the checkpoint is of the last of them.
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
        EvaluationOutcome outcome = run.Run.Evaluator.Run(model, run.Stop, run.Evaluating);
        run.Evaluated(outcome, Stopwatch.GetElapsedTime(started).TotalSeconds);
        save();
    }
}
