using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Fingerprints;
using LoraLab.Training.Training.Memory;
using LoraLab.Training.Training.Recording;
using LoraLab.Training.Training.Resume;
using TorchSharp;

namespace LoraLab.Training.Training;

/// <summary>The attempt in progress: its events, checkpoints and results, and how it ends.</summary>
/// <param name="recorder">Records events and results.</param>
/// <param name="stop">Signals the run to stop.</param>
public sealed class ActiveAttempt(RunRecorder recorder, StopSignal stop)
{
    private readonly CheckpointFolders _checkpoints = new(recorder.Directory);
    private readonly SummaryBuilder _summary = new();
    private RunFingerprint? _fingerprint;
    private string _specSha256 = "";
    private RunSpec? _spec;
    private TrainingState? _resumedFrom;
    private int? _largestPass;
    private IReadOnlyList<string> _warnings = [];

    /// <summary>The recorder of events and results.</summary>
    public RunRecorder Recorder => recorder;

    /// <summary>The stop signal of the run.</summary>
    public StopSignal Stop => stop;

    /// <summary>The training state, once the run is prepared.</summary>
    public TrainingRun? Training { get; private set; }

    /// <summary>
    /// Adds warnings that are known before loading: they are logged at once, stored with the run, and appended to the error of a run that
    /// ends with bad data.
    /// </summary>
    public void Warn(IReadOnlyList<string> warnings)
    {
        _warnings = warnings;
        foreach (string warning in warnings)
        {
            recorder.Log($"warning: {warning}");
        }
    }

    /// <summary>Opens the last intact checkpoint, or returns null if there is none.</summary>
    /// <exception cref="RunFailure">The checkpoint belongs to another specification.</exception>
    public CheckpointReader? LatestCheckpoint(RunSpec spec)
    {
        CheckpointReader? checkpoint = _checkpoints.Latest(recorder.Log);
        checkpoint?.RequireSpec(SpecHash.Of(spec), recorder.Directory.FullPath);
        return checkpoint;
    }

    /// <summary>Creates the training state of a loaded run.</summary>
    /// <param name="run">The prepared run.</param>
    /// <param name="spec">Its specification as validated.</param>
    /// <param name="model">Hashes of the model's files.</param>
    /// <param name="checkpoint">Checkpoint to resume from.</param>
    /// <exception cref="RunFailure">The checkpoint was trained on other base weights.</exception>
    internal TrainingRun Open(PreparedRun run, RunSpec spec, ModelFingerprint model, CheckpointReader? checkpoint = null)
    {
        _specSha256 = SpecHash.Of(spec);
        (_spec, _resumedFrom) = (run.Spec, checkpoint?.State);
        _fingerprint = Fingerprint.Of(run, model, checkpoint?.State.Start);
        checkpoint?.RequireBase(_fingerprint.Model);
        Training = new(run, recorder, _summary, stop.Token, checkpoint);
        return Training;
    }

    /// <summary>
    /// Measures the peak memory of the largest window's gradient before the first step, MiB; null if it cannot be measured.
    /// </summary>
    /// <param name="engine">Computes the gradient.</param>
    /// <param name="budgetCheck">Check of the run's memory budget; null: none.</param>
    /// <exception cref="RunFailure">The peak exceeds the budget.</exception>
    internal double? Probe(TrainingEngine engine, MemoryBudgetCheck? budgetCheck)
    {
        _largestPass = engine.LargestPass;
        double? probed = engine.Probe();
        if (budgetCheck?.IsWithinBudget(probed) == false)
        {
            // The first pass of a process also compiles, which takes memory that no step needs: measure again.
            probed = engine.Probe();
            budgetCheck.RequireProbe(probed);
        }

        return probed;
    }

    /// <summary>Reports that the run is ready for its first step.</summary>
    /// <param name="probedMb">Result of <see cref="Probe"/>.</param>
    internal void Ready(double? probedMb)
    {
        RecordPrepared(Training!.Run, probedMb);
        recorder.Directory.WriteFingerprint(Fingerprint.After(
            _fingerprint!, Training.Run, Training.Consumed, Training.Scaler, finished: false));
    }

    /// <summary>Writes a checkpoint.</summary>
    public void Save()
    {
        // Metrics must be on disk before the checkpoint that follows them.
        recorder.FlushToDisk();
        using IDisposable scope = torch.NewDisposeScope();
        _checkpoints.Save(Training!.State(_specSha256, _fingerprint!), Training.Tensors());
        recorder.Directory.WriteFingerprint(Fingerprint.After(
            _fingerprint!, Training.Run, Training.Consumed, Training.Scaler, finished: false));
        recorder.Checkpoint(Training.Consumed.Steps);
    }

    /// <summary>Writes the adapter and the final fingerprint after the last step.</summary>
    public void Finish()
    {
        PreparedRun run = Training!.Run;
        recorder.Phase("saving", run.Schedule.TotalSteps, run.Schedule.TotalSteps, 0);
        PeftExport.Write(recorder.Directory.AdapterFolder, run.Adapters, run.Spec, Versions.LoraLab);
        recorder.Directory.WriteFingerprint(Fingerprint.After(_fingerprint!, run, Training.Consumed, Training.Scaler, finished: true));
    }

    /// <summary>Runs an action and returns how the attempt ends if it fails; null if it succeeds.</summary>
    public RunEnd? Try(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception problem) when (RunEnd.From(problem, stop, recorder.Log) is RunEnd end)
        {
            if (end.Reason == EndReason.BadData && _warnings.Count > 0)
            {
                return end with { Message = $"{end.Message} {string.Join(' ', _warnings)}" };
            }

            return end.Reason is EndReason reason && end.Suggestions.Count == 0 && _spec is not null
                ? end with { Suggestions = FailureAdvice.For(reason, _spec, _largestPass) }
                : end;
        }
    }

    /// <summary>Records the end. An abandoned run gets no last event, so that the server treats it as interrupted.</summary>
    public EndReason? End(RunEnd end)
    {
        if (end.Reason is EndReason reason)
        {
            recorder.Ended(reason, end.Message, _summary.Summary, end.Suggestions);
        }
        else
        {
            recorder.Log(end.Message!);
        }

        return end.Reason;
    }

    private void RecordPrepared(PreparedRun run, double? probedMb)
    {
        _summary.Set(summary => (_resumedFrom?.Summary ?? summary) with
        {
            TrainableParameters = run.TrainableParameters,
            TotalParameters = run.TotalParameters,
            LoadSeconds = run.LoadSeconds,
        });
        recorder.Prepared(new RunPrepared
        {
            Spec = run.Spec,
            Environment = run.Environment with { ProbeMemoryMb = probedMb },
            TotalSteps = run.Schedule.TotalSteps,
            ResumedFrom = _resumedFrom?.Step ?? 0,
            Summary = _resumedFrom?.Summary,
            TrainableParameters = run.TrainableParameters,
            TotalParameters = run.TotalParameters,
            LoadSeconds = run.LoadSeconds,
            Warnings = [.. _warnings, .. run.Warnings],
        });
        recorder.Log($"{run.Spec.Method} on {run.Environment.Device} in {run.Spec.Precision.ToString().ToLowerInvariant()}, {Passes(run)}, "
            + $"{NumberFormat.Count(run.TrainableParameters)} of {NumberFormat.Count(run.TotalParameters)} parameters trainable, "
                + $"{run.Schedule.TotalSteps} steps over {run.Train.Length} sentences"
            + (_resumedFrom is null ? "" : $", resuming after step {_resumedFrom.Step}"));
        if (run.Decompositions is { Hits: > 0 } decompositions)
        {
            recorder.Log(
                $"{decompositions.Hits} of {decompositions.Hits + decompositions.Misses} decompositions were cached by earlier runs");
        }

        foreach (string warning in run.Warnings)
        {
            recorder.Log($"warning: {warning}");
        }
    }

    private static string Passes(PreparedRun run) => PackingRule.UsesReferencePath(run.Spec)
        ? "one sentence per pass under plain autograd"
        : $"packed passes of up to {run.Limits.Sentences} sentences"
            + (run.Limits.Tokens is int tokens ? $" and {tokens} tokens" : "")
            + (run.Limits.SharePrefix ? ", common prefix shared" : "");
}
