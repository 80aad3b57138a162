using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Memory;
using LoraLab.Training.Training.Recording;
using LoraLab.Training.Training.Resume;

namespace LoraLab.Training.Training;

/// <summary>Executes attempts from their specification to their last event.</summary>
public sealed class RunExecution(SpecValidator validator, RunPreparation preparation)
{
    /// <summary>Runs and returns why it ended, or null when it was left unfinished.</summary>
    /// <param name="specJson">The specification.</param>
    /// <param name="recorder">Hears everything.</param>
    /// <param name="stop">Stops the run as soon as possible.</param>
    /// <param name="resume">Go on from the run directory's last whole checkpoint, where there is one.</param>
    /// <param name="queued">What the run's files were when it was queued; null: nobody looked.</param>
    public EndReason? Execute(JsonNode? specJson, RunRecorder recorder, StopSignal stop, bool resume = false, IReadOnlyList<FileSnapshot>? queued = null)
    {
        ActiveAttempt attempt = new(recorder, stop);
        recorder.Started();
        return attempt.End(attempt.Try(() => Run(attempt, Complete(attempt, specJson, queued ?? []), resume)) ?? RunEnd.Finished);
    }

    private RunSpec Complete(ActiveAttempt attempt, JsonNode? specJson, IReadOnlyList<FileSnapshot> queued)
    {
        SpecValidation validation = validator.Validate(specJson);
        attempt.Warn(ChangedFiles.Sentences(queued, validation.Files));
        return validation.Spec
            ?? throw RunFailure.BadData(string.Join(" ", validation.Errors.Select(problem => problem.Message)), validation.Errors[0].Field);
    }

    private void Run(ActiveAttempt attempt, RunSpec spec, bool resume)
    {
        Announce(attempt, spec);
        using CheckpointReader? saved = resume ? attempt.Latest(spec) : null;
        RunSpec used = saved?.State.Spec ?? spec;
        using RunData rows = preparation.Read(used);
        MemoryBudgetCheck? gate = used.MemoryBudgetMb is null ? null : new(new MemoryForecast(used, rows));
        gate?.RequireEstimate();
        Task<ModelFingerprint> hashing = RunPreparation.HashModelAsync(rows);
        using PreparedRun run = preparation.Prepare(used, attempt.Stop.Token, saved, rows, () => attempt.Recorder.Moving("loading", 0, 0));
        using TrainingRun training = attempt.Open(run, spec, hashing.GetAwaiter().GetResult(), saved);
        using TrainingEngine engine = new(training);
        attempt.Ready(attempt.Probe(engine, gate));
        engine.Train(attempt.Save);
        attempt.Finish();
    }

    private static void Announce(ActiveAttempt attempt, RunSpec spec)
    {
        attempt.Recorder.Phase("loading", 0, 0);
        attempt.Recorder.Log($"loading model '{spec.Model}' and data set '{spec.Dataset}'");
        TorchRuntime.EnsureLoaded();
    }
}
