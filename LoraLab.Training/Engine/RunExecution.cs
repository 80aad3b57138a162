using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters;
using LoraLab.Training.Errors;
using LoraLab.Training.Fingerprints;
using LoraLab.Training.Packing;
using LoraLab.Training.Resume;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using LoraLab.Training.Worker;
using TorchSharp;

namespace LoraLab.Training.Engine;

/// <summary>One attempt of a run from its specification to its last event: every way in which it can end is told here.</summary>
public sealed class RunExecution(SpecValidator validator, RunPreparation preparation)
{
    /// <summary>Runs and returns why it ended, or null when it was left unfinished.</summary>
    /// <param name="specJson">The specification.</param>
    /// <param name="recorder">Hears everything.</param>
    /// <param name="stop">Stops the run as soon as possible.</param>
    /// <param name="resume">Go on from the run directory's last whole checkpoint, where there is one.</param>
    public EndReason? Execute(JsonNode? specJson, RunRecorder recorder, StopSignal stop, bool resume = false)
    {
        SummaryBuilder summary = new();
        recorder.Started();
        EndReason reason;
        string? error = null;
        try
        {
            Run(Complete(specJson), resume, recorder, summary, stop.Token);
            reason = EndReason.Finished;
        }
        catch (OperationCanceledException) when (stop.Abandoned is string why)
        {
            // Nobody decided to end the run: leave it without a last event, so that it is seen as interrupted.
            recorder.Log(why);
            return null;
        }
        catch (OperationCanceledException)
        {
            reason = EndReason.Cancelled;
        }
        catch (RunFailure failure)
        {
            (reason, error) = (failure.Reason, failure.Message);
        }
        catch (Exception e) when (IsOutOfMemory(e))
        {
            recorder.Log(e.ToString());
            (reason, error) = (EndReason.OutOfMemory, "The device ran out of memory: use a smaller microBatch, rank or model, or fewer targetModules.");
        }
        catch (IOException e) when (IsDiskFull(e))
        {
            (reason, error) = (EndReason.DiskFull, $"The disk is full: {e.Message} Free some space and submit the run again.");
        }

        recorder.Ended(reason, error, summary.Summary);
        return reason;
    }

    private RunSpec Complete(JsonNode? specJson)
    {
        SpecValidation validation = validator.Validate(specJson);
        return validation.Spec
            ?? throw RunFailure.BadData(string.Join(" ", validation.Errors.Select(problem => problem.Message)), validation.Errors[0].Field);
    }

    private void Run(RunSpec spec, bool resume, RunRecorder recorder, SummaryBuilder summary, CancellationToken cancellation)
    {
        recorder.Phase("loading", 0, 0);
        StateFolders states = new(recorder.Directory);
        using SavedState? saved = resume ? states.Latest(recorder.Log) : null;
        string specSha256 = SpecHash.Of(spec);
        saved?.RequireSpec(specSha256, recorder.Directory.FullPath);
        spec = saved?.State.Spec ?? spec;
        recorder.Log($"loading model '{spec.Model}' and data set '{spec.Dataset}'");
        TorchRuntime.EnsureLoaded();
        Task<ModelFingerprint> hashing = preparation.HashModelAsync(spec);
        using PreparedRun run = preparation.Prepare(spec, cancellation, saved);
        RunFingerprint fingerprint = Fingerprint.Of(run, hashing.GetAwaiter().GetResult(), saved?.State.Start);
        saved?.RequireBase(fingerprint.Model);
        Tell(run, recorder, summary, saved?.State);
        using TrainingRun training = new(run, recorder, summary, cancellation, saved);
        recorder.Directory.WriteFingerprint(Fingerprint.After(fingerprint, run, training.Consumed, finished: false));
        Train(training, Save);
        recorder.Phase("saving", run.Plan.TotalSteps, run.Plan.TotalSteps, 0);
        PeftExport.Write(recorder.Directory.AdapterFolder, run.Adapters, run.Spec, Versions.LoraLab);
        recorder.Directory.WriteFingerprint(Fingerprint.After(fingerprint, run, training.Consumed, finished: true));

        void Save(TrainingRun current)
        {
            // Points must be in the event file before a checkpoint stands behind them.
            recorder.Flush();
            using IDisposable scope = torch.NewDisposeScope();
            states.Save(current.State(specSha256, fingerprint), current.Tensors());
            recorder.Directory.WriteFingerprint(Fingerprint.After(fingerprint, run, current.Consumed, finished: false));
            recorder.Checkpoint(current.Consumed.Steps);
        }
    }

    /// <summary>Trains a single run; what ends it before its last step is thrown.</summary>
    private static void Train(TrainingRun training, Action<TrainingRun> save)
    {
        PreparedRun run = training.Run;
        bool literal = PackingRule.IsLiteral(run.Spec);
        using PackedModels models = new(run.Model);
        using TrainingPasses? passes = literal ? null : new(run.Plan, run.Train, run.Limits, run.Spec.LossWeighting, run.Model.Config.VocabularySize, run.Device);
        using IWindowGradient gradient = passes is null ? new LiteralGradient() : new PackedGradient(passes, models);
        Exception? problem = null;
        new Trainer(gradient, run.Evaluator, models, save, (_, why) => problem = why).Run([training]);
        if (problem is not null)
        {
            ExceptionDispatchInfo.Throw(problem);
        }
    }

    private static void Tell(PreparedRun run, RunRecorder recorder, SummaryBuilder summary, TrainingState? resumed)
    {
        summary.Set(known => (resumed?.Summary ?? known) with
        {
            TrainableParameters = run.TrainableParameters,
            TotalParameters = run.TotalParameters,
            LoadSeconds = run.LoadSeconds,
        });
        recorder.Prepared(new RunPrepared
        {
            Spec = run.Spec,
            Environment = run.Environment,
            TotalSteps = run.Plan.TotalSteps,
            ResumedFrom = resumed?.Step ?? 0,
            TrainableParameters = run.TrainableParameters,
            TotalParameters = run.TotalParameters,
            LoadSeconds = run.LoadSeconds,
            Warnings = run.Warnings,
        });
        recorder.Log($"{run.Spec.Method} on {run.Environment.Device} in {run.Spec.Precision.ToString().ToLowerInvariant()}, {Passes(run)}, "
            + $"{run.TrainableParameters:N0} of {run.TotalParameters:N0} parameters trainable, {run.Plan.TotalSteps} steps over {run.Train.Length} sentences"
            + (resumed is null ? "" : $", going on after step {resumed.Step}"));
        if (run.Decompositions is { Hits: > 0 } decompositions)
        {
            recorder.Log($"{decompositions.Hits} of {decompositions.Hits + decompositions.Misses} decompositions were there from an earlier run");
        }

        foreach (string warning in run.Warnings)
        {
            recorder.Log($"warning: {warning}");
        }
    }

    private static string Passes(PreparedRun run) => PackingRule.IsLiteral(run.Spec)
        ? "one sentence a pass under plain autograd"
        : $"packed passes of up to {run.Limits.Sentences} sentences{(run.Limits.Tokens is int tokens ? $" and {tokens} tokens" : "")}{(run.Limits.SharePrefix ? ", common prefix shared" : "")}";

    private static bool IsOutOfMemory(Exception e) => e is OutOfMemoryException
        || (e is ExternalException && (e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("not enough memory", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)));

    private static bool IsDiskFull(IOException e)
    {
        const int NoSpaceLinux = 28;
        const int NoSpaceWindows = unchecked((int)0x80070070);
        return e.HResult == NoSpaceWindows || (e.HResult & 0xffff) == NoSpaceLinux;
    }
}
