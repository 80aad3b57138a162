using System.Diagnostics;
using LoraLab.Training.Errors;
using LoraLab.Training.Evaluation;
using static TorchSharp.torch;

namespace LoraLab.Training.Engine;

/// <summary>
/// Trains prepared runs: evaluate, then for each window compute its gradient, clip, update, and evaluate where the plan says so. A single
/// run is a gang of one; the runs of a gang share base, data and windows, and take each step together. Synchronous, on one thread:
/// dispose scopes and <c>no_grad</c> belong to a thread.
/// </summary>
/// <param name="gradient">Computes windows' gradients.</param>
/// <param name="evaluator">Scores the evaluation rows.</param>
/// <param name="models">The model with the runs' adapters.</param>
/// <param name="save">Writes a run's checkpoint.</param>
/// <param name="ended">Hears once how each run ended: null where all its steps are taken.</param>
public sealed class Trainer(IWindowGradient gradient, Evaluator evaluator, PackedModels models, Action<TrainingRun> save, Action<TrainingRun, Exception?> ended)
{
    /// <summary>Trains until every run has ended, each by itself: finished, diverged or stopped.</summary>
    public void Run(IEnumerable<TrainingRun> runs)
    {
        List<TrainingRun> active = [.. runs];
        while (true)
        {
            Each(active, active, run => run.Stop.ThrowIfCancellationRequested());
            if (active.Count == 0)
            {
                return;
            }

            // A run that has to repeat a window falls behind; it catches up alone.
            int step = active.Min(run => run.Step);
            List<TrainingRun> together = [.. active.Where(run => run.Step == step)];
            try
            {
                Evaluate([.. together.Where(run => run.EvaluationDue)], active);
                together.RemoveAll(run => !active.Contains(run));
                Each(together, active, _ => { });
                TakeStep(together, step + 1);
                Each(together, active, Commit);
            }
            catch (OperationCanceledException)
            {
                // Whoever asked for it ends at the next turn, with what was done before.
            }
        }
    }

    private void TakeStep(IReadOnlyList<TrainingRun> runs, int step)
    {
        if (runs.Count == 0)
        {
            return;
        }

        long started = Stopwatch.GetTimestamp();
        foreach (TrainingRun run in runs)
        {
            run.BeginStep();
        }

        using IDisposable scope = NewDisposeScope();
        Tensor loss_M = gradient.Accumulate(runs, step, Stop(runs));
        for (int i = 0; i < runs.Count; i++)
        {
            runs[i].Update(step, loss_M.narrow(0, i, 1));
        }

        foreach (TrainingRun run in runs)
        {
            run.EndStep(step, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
    }

    private void Evaluate(List<TrainingRun> runs, List<TrainingRun> active)
    {
        if (runs.Count == 0)
        {
            return;
        }

        foreach (TrainingRun run in runs)
        {
            run.BeginEvaluation();
        }

        long started = Stopwatch.GetTimestamp();
        IReadOnlyList<EvaluationOutcome> outcomes = evaluator.Run(models.Of(runs), Stop(runs), () => Evaluating(runs));
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Dictionary<TrainingRun, EvaluationOutcome> outcomeOf = runs.Zip(outcomes).ToDictionary(pair => pair.First, pair => pair.Second);
        Each(runs, active, run =>
        {
            run.Evaluated(outcomeOf[run], seconds);
            save(run);
        });
    }

    private static void Evaluating(IReadOnlyList<TrainingRun> runs)
    {
        foreach (TrainingRun run in runs)
        {
            run.Evaluating();
        }
    }

    /// <summary>Does something for each run; one that fails or stops ends alone.</summary>
    private void Each(List<TrainingRun> runs, List<TrainingRun> active, Action<TrainingRun> action)
    {
        foreach (TrainingRun run in runs.ToArray())
        {
            Exception? problem = Try(() => action(run));
            if (problem is OperationCanceledException)
            {
                // Updates already issued are whole: they count, and the checkpoint is of the last of them.
                problem = Try(run.Commit) ?? problem;
                save(run);
            }

            if (problem is not null || run.Finished)
            {
                ended(run, problem);
                active.Remove(run);
                runs.Remove(run);
            }
        }
    }

    private static void Commit(TrainingRun run)
    {
        if (run.CommitDue)
        {
            run.Commit();
        }
    }

    // Within a pass only a single run can be stopped: for a gang the others would lose their pass.
    private static CancellationToken Stop(IReadOnlyList<TrainingRun> runs) => runs.Count == 1 ? runs[0].Stop : CancellationToken.None;

    private static Exception? Try(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception problem) when (problem is RunFailure or OperationCanceledException)
        {
            return problem;
        }
    }
}
