using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;

namespace LoraLab.Training.Training;

/// <summary>
/// The adapter of the best evaluation so far, by the run's primary metric, in the PEFT layout beside the result. It is on disk before the
/// checkpoint that follows its evaluation, so that a resumed run finds it or evaluates again. Of a run that trains all weights, it is a
/// model as large as the base: it is kept as long as the disk has room for it beside the checkpoints and the result, which come first.
/// </summary>
/// <param name="run">The prepared run.</param>
/// <param name="runFolder">The run directory.</param>
/// <param name="baseFolder">The folder of the model.</param>
/// <param name="noRoom">Why there is no room for a model, asked before one is written; null: there is.</param>
/// <param name="warn">Receives that reason once.</param>
public sealed class BestAdapter(PreparedRun run, string runFolder, string baseFolder, Func<string?> noRoom, Action<string> warn)
{
    private const string Previous = ".before";
    private readonly string _folder = Path.Combine(runFolder, RunFiles.BestAdapter);
    private bool _warned;

    /// <summary>Keeps the adapter if the evaluation after a step was the best so far, and not the last one.</summary>
    /// <param name="summary">The results, including those of the evaluation.</param>
    /// <param name="step">Steps before the evaluation.</param>
    public void Keep(RunSummary summary, int step)
    {
        if (step == run.Schedule.TotalSteps || summary[run.Data.Metric]?.BestStep != step)
        {
            return;
        }

        if (run.Model.Trained is not null && noRoom() is string missing)
        {
            // What is there is no longer the best.
            Discard(_folder);
            Warn(missing);
            return;
        }

        JsonObject evaluation = new()
        {
            ["step"] = step,
            ["metric"] = run.Data.Metric,
            ["value"] = summary[run.Data.Metric]!.Best,
        };
        string unfinished = TemporaryName.Beside(_folder);
        try
        {
            if (run.Model.Trained is TrainedWeights weights)
            {
                ModelExport.Write(baseFolder, weights, unfinished, PeftExport.Metadata(run.Spec, Versions.LoraLab, evaluation));
            }
            else
            {
                PeftExport.Write(unfinished, run.Adapters, run.Spec, Versions.LoraLab, evaluation);
            }

            Replace(unfinished);
        }
        catch
        {
            // On a full disk, free the space for the final events.
            Discard(unfinished);
            throw;
        }
    }

    /// <summary>Deletes it at the end of the run if the last evaluation was the best: the result is the same adapter.</summary>
    /// <param name="summary">The results.</param>
    /// <param name="step">Steps of the run.</param>
    public void Finish(RunSummary summary, int step)
    {
        if (summary[run.Data.Metric]?.BestStep == step)
        {
            Discard(_folder);
        }
    }

    private void Warn(string missing)
    {
        if (!_warned)
        {
            _warned = true;
            warn(missing);
        }
    }

    private static void Discard(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Two moves, between which a crash leaves the evaluation without its checkpoint: it will be done again.
    private void Replace(string unfinished)
    {
        string previous = Path.ChangeExtension(TemporaryName.Beside(_folder), Previous + TemporaryName.Suffix);
        if (Directory.Exists(_folder))
        {
            Directory.Move(_folder, previous);
        }

        Directory.Move(unfinished, _folder);
        Discard(previous);
    }
}
