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

/// <summary>Executes attempts from the specification to the last event.</summary>
public sealed class RunExecution(SpecValidator validator, RunPreparation preparation)
{
    /// <summary>Executes an attempt; returns the end reason, or null if it was abandoned.</summary>
    /// <param name="specJson">The specification.</param>
    /// <param name="recorder">Records events and results.</param>
    /// <param name="stop">Signals the run to stop.</param>
    /// <param name="resume">Resume from the last intact checkpoint in the run directory, if there is one.</param>
    /// <param name="queued">Snapshots of the run's files when it was queued; null: unknown.</param>
    public EndReason? Execute(
        JsonNode? specJson, RunRecorder recorder, StopSignal stop, bool resume = false, IReadOnlyList<FileSnapshot>? queued = null)
    {
        ActiveAttempt attempt = new(recorder, stop);
        recorder.Started();
        return attempt.End(attempt.Try(() => Run(attempt, Complete(attempt, specJson, queued ?? []), resume)) ?? RunEnd.Finished);
    }

    private RunSpec Complete(ActiveAttempt attempt, JsonNode? specJson, IReadOnlyList<FileSnapshot> queued)
    {
        SpecValidation validation = validator.Validate(specJson);
        attempt.Warn(ChangedFiles.Messages(queued, validation.Files));
        return validation.Spec
            ?? throw RunFailure.BadData(string.Join(" ", validation.Errors.Select(problem => problem.Message)), validation.Errors[0].Field);
    }

    private void Run(ActiveAttempt attempt, RunSpec spec, bool resume)
    {
        BeginLoading(attempt, spec);
        using CheckpointReader? checkpoint = resume ? attempt.LatestCheckpoint(spec) : null;
        RunSpec used = checkpoint?.State.Spec ?? spec;
        using RunData data = preparation.Read(used);
        MemoryBudgetCheck? budgetCheck = used.MemoryBudgetMb is null ? null : new(new MemoryForecast(used, data));
        budgetCheck?.RequireEstimate();
        Task<ModelFingerprint> hashing = RunPreparation.HashModelAsync(data);
        using PreparedRun run =
            preparation.Prepare(used, attempt.Stop.Token, checkpoint, data, () => attempt.Recorder.Heartbeat("loading", 0, 0));
        using TrainingRun training = attempt.Open(run, spec, hashing.GetAwaiter().GetResult(), checkpoint);
        using TrainingEngine engine = new(training);
        attempt.Ready(attempt.Probe(engine, budgetCheck));
        engine.Train(attempt.Save);
        attempt.Finish();
    }

    private static void BeginLoading(ActiveAttempt attempt, RunSpec spec)
    {
        attempt.Recorder.Phase("loading", 0, 0);
        attempt.Recorder.Log($"loading model '{spec.Model}' and dataset '{spec.Dataset}'");
        TorchRuntime.EnsureLoaded();
    }
}
