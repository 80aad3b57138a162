using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Torch;

namespace LoraLab.Training.Training;

/// <summary>
/// The adapter of the best evaluation so far, by the run's primary metric, in the PEFT layout beside the result. It is on disk before the
/// checkpoint that follows its evaluation, so that a resumed run finds it or evaluates again. A run that trains all weights has none: each
/// would be as large as the model.
/// </summary>
/// <param name="run">The prepared run.</param>
/// <param name="runFolder">The run directory.</param>
public sealed class BestAdapter(PreparedRun run, string runFolder)
{
    private const string Previous = ".before";
    private readonly string _folder = Path.Combine(runFolder, RunFiles.BestAdapter);

    /// <summary>Keeps the adapter if the evaluation after a step was the best so far, and not the last one.</summary>
    /// <param name="summary">The results, including those of the evaluation.</param>
    /// <param name="step">Steps before the evaluation.</param>
    public void Keep(RunSummary summary, int step)
    {
        if (run.Model.Trained is not null || step == run.Schedule.TotalSteps || summary[run.Data.Metric]?.BestStep != step)
        {
            return;
        }

        string unfinished = TemporaryName.Beside(_folder);
        try
        {
            PeftExport.Write(unfinished, run.Adapters, run.Spec, Versions.LoraLab, new JsonObject
            {
                ["step"] = step,
                ["metric"] = run.Data.Metric,
                ["value"] = summary[run.Data.Metric]!.Best,
            });
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
