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

/// <summary>One attempt of one run: what it tells, what it leaves behind, and how it ended.</summary>
/// <param name="recorder">Hears everything.</param>
/// <param name="stop">Stops the run as soon as possible.</param>
public sealed class ActiveAttempt(RunRecorder recorder, StopSignal stop)
{
    private readonly CheckpointFolders _states = new(recorder.Directory);
    private readonly SummaryBuilder _summary = new();
    private RunFingerprint? _fingerprint;
    private string _specSha256 = "";
    private RunSpec? _spec;
    private TrainingState? _resumed;
    private int? _largestPass;
    private IReadOnlyList<string> _warnings = [];

    /// <summary>Hears everything.</summary>
    public RunRecorder Recorder => recorder;

    /// <summary>Stops the run as soon as possible.</summary>
    public StopSignal Stop => stop;

    /// <summary>The run while it trains, once it is prepared.</summary>
    public TrainingRun? Training { get; private set; }

    /// <summary>What is worth knowing before anything is loaded: in the log at once, among the run's warnings, and behind the sentence of a run that its data ended.</summary>
    public void Warn(IReadOnlyList<string> warnings)
    {
        _warnings = warnings;
        foreach (string warning in warnings)
        {
            recorder.Log($"warning: {warning}");
        }
    }

    /// <summary>The last whole checkpoint that belongs to the specification, or null.</summary>
    /// <exception cref="RunFailure">It belongs to another one.</exception>
    public CheckpointReader? Latest(RunSpec spec)
    {
        CheckpointReader? saved = _states.Latest(recorder.Log);
        saved?.RequireSpec(SpecHash.Of(spec), recorder.Directory.FullPath);
        return saved;
    }

    /// <summary>The run is loaded: makes it ready for its first step.</summary>
    /// <param name="run">The run.</param>
    /// <param name="spec">Its specification as it was validated.</param>
    /// <param name="model">Hashes of the model's files.</param>
    /// <param name="saved">Checkpoint that it goes on from.</param>
    /// <exception cref="RunFailure">The checkpoint's base is another one.</exception>
    internal TrainingRun Open(PreparedRun run, RunSpec spec, ModelFingerprint model, CheckpointReader? saved = null)
    {
        _specSha256 = SpecHash.Of(spec);
        (_spec, _resumed) = (run.Spec, saved?.State);
        _fingerprint = Fingerprint.Of(run, model, saved?.State.Start);
        saved?.RequireBase(_fingerprint.Model);
        Training = new(run, recorder, _summary, stop.Token, saved);
        return Training;
    }

    /// <summary>The peak of computing the gradient of the largest window, MiB, before anything is told; null where it cannot be measured.</summary>
    /// <param name="engine">Computes it.</param>
    /// <param name="gate">The budget that the run has to keep; null: none.</param>
    /// <exception cref="RunFailure">It takes more memory than the budget.</exception>
    internal double? Probe(TrainingEngine engine, MemoryBudgetCheck? gate)
    {
        _largestPass = engine.LargestPass;
        double? probed = engine.Probe();
        if (gate?.Holds(probed) == false)
        {
            // The first pass of a process also compiles: what it took beside its tensors is no step's.
            probed = engine.Probe();
            gate.RequireProbe(probed);
        }

        return probed;
    }

    /// <summary>Tells that the run is ready for its first step.</summary>
    /// <param name="probedMb">What <see cref="Probe"/> found.</param>
    internal void Ready(double? probedMb)
    {
        Tell(Training!.Run, probedMb);
        recorder.Directory.WriteFingerprint(Fingerprint.After(_fingerprint!, Training.Run, Training.Consumed, Training.Scaler, finished: false));
    }

    /// <summary>Writes a checkpoint.</summary>
    public void Save()
    {
        // Points must be in the event file before a checkpoint stands behind them.
        recorder.FlushToDisk();
        using IDisposable scope = torch.NewDisposeScope();
        _states.Save(Training!.State(_specSha256, _fingerprint!), Training.Tensors());
        recorder.Directory.WriteFingerprint(Fingerprint.After(_fingerprint!, Training.Run, Training.Consumed, Training.Scaler, finished: false));
        recorder.Checkpoint(Training.Consumed.Steps);
    }

    /// <summary>All steps are taken: writes what the run is for.</summary>
    public void Finish()
    {
        PreparedRun run = Training!.Run;
        recorder.Phase("saving", run.Plan.TotalSteps, run.Plan.TotalSteps, 0);
        PeftExport.Write(recorder.Directory.AdapterFolder, run.Adapters, run.Spec, Versions.LoraLab);
        recorder.Directory.WriteFingerprint(Fingerprint.After(_fingerprint!, run, Training.Consumed, Training.Scaler, finished: true));
    }

    /// <summary>Does something and tells how it ended where it failed; null: it did not.</summary>
    public RunEnd? Try(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception problem) when (RunEnd.Of(problem, stop, recorder.Log) is RunEnd end)
        {
            if (end.Reason == EndReason.BadData && _warnings.Count > 0)
            {
                return end with { Sentence = $"{end.Sentence} {string.Join(' ', _warnings)}" };
            }

            return end.Reason is EndReason reason && end.Suggestions.Count == 0 && _spec is not null
                ? end with { Suggestions = FailureAdvice.For(reason, _spec, _largestPass) }
                : end;
        }
    }

    /// <summary>Tells the end, unless nobody decided it: the run is then left without a last event, so that it is seen as interrupted.</summary>
    public EndReason? End(RunEnd end)
    {
        if (end.Reason is EndReason reason)
        {
            recorder.Ended(reason, end.Sentence, _summary.Summary, end.Suggestions);
        }
        else
        {
            recorder.Log(end.Sentence!);
        }

        return end.Reason;
    }

    private void Tell(PreparedRun run, double? probedMb)
    {
        _summary.Set(known => (_resumed?.Summary ?? known) with
        {
            TrainableParameters = run.TrainableParameters,
            TotalParameters = run.TotalParameters,
            LoadSeconds = run.LoadSeconds,
        });
        recorder.Prepared(new RunPrepared
        {
            Spec = run.Spec,
            Environment = run.Environment with { ProbeMemoryMb = probedMb },
            TotalSteps = run.Plan.TotalSteps,
            ResumedFrom = _resumed?.Step ?? 0,
            Summary = _resumed?.Summary,
            TrainableParameters = run.TrainableParameters,
            TotalParameters = run.TotalParameters,
            LoadSeconds = run.LoadSeconds,
            Warnings = [.. _warnings, .. run.Warnings],
        });
        recorder.Log($"{run.Spec.Method} on {run.Environment.Device} in {run.Spec.Precision.ToString().ToLowerInvariant()}, {Passes(run)}, "
            + $"{run.TrainableParameters:N0} of {run.TotalParameters:N0} parameters trainable, {run.Plan.TotalSteps} steps over {run.Train.Length} sentences"
            + (_resumed is null ? "" : $", going on after step {_resumed.Step}"));
        if (run.Decompositions is { Hits: > 0 } decompositions)
        {
            recorder.Log($"{decompositions.Hits} of {decompositions.Hits + decompositions.Misses} decompositions were there from an earlier run");
        }

        foreach (string warning in run.Warnings)
        {
            recorder.Log($"warning: {warning}");
        }
    }

    private static string Passes(PreparedRun run) => PackingRule.UsesReferencePath(run.Spec)
        ? "one sentence a pass under plain autograd"
        : $"packed passes of up to {run.Limits.Sentences} sentences{(run.Limits.Tokens is int tokens ? $" and {tokens} tokens" : "")}{(run.Limits.SharePrefix ? ", common prefix shared" : "")}";
}
