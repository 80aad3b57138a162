using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Fingerprints;
using LoraLab.Training.Training.Memory;
using LoraLab.Training.Training.Recording;
using LoraLab.Training.Training.Resume;
using TorchSharp;

namespace LoraLab.Training.Training;

/// <summary>An attempt at a run, from the specification to the last event.</summary>
/// <param name="validator">Validates and completes the specification.</param>
/// <param name="preparation">Loads model and data.</param>
/// <param name="recorder">Records events and results.</param>
/// <param name="stop">Signals the run to stop.</param>
public sealed class RunAttempt(SpecValidator validator, RunPreparation preparation, RunRecorder recorder, StopSignal stop)
{
    /// <summary>More than desktop programs come and go with, MiB.</summary>
    private const double MuchMb = 128;

    private readonly SummaryBuilder _summary = new();

    // What is known when the attempt ends, for the advice.
    private IReadOnlyList<string> _fileWarnings = [];
    private readonly List<string> _deviceWarnings = [];
    private torch.Device? _gpu;
    private RunSpec? _spec;
    private int? _largestPass;
    private IReadOnlyList<string>? _calibrated;

    private Precision HalfPrecision => _gpu is torch.Device device ? PrecisionRule.Half(device) : Precision.Bf16;

    /// <summary>
    /// Executes the attempt; returns the end reason, or null if it was abandoned. Every failure is an exception and becomes the end of the
    /// attempt here and nowhere else. An abandoned run gets no last event, so that the server treats it as interrupted.
    /// </summary>
    /// <param name="specJson">The specification.</param>
    /// <param name="resume">Resume from the last intact checkpoint in the run directory, if there is one.</param>
    /// <param name="queued">Snapshots of the run's files when it was queued; null: unknown.</param>
    public EndReason? Execute(JsonNode? specJson, bool resume = false, IReadOnlyList<FileSnapshot>? queued = null)
    {
        recorder.Started();
        RunEnd end = RunEnd.Finished;
        try
        {
            // A run continues on the revisions on which it started, whatever was downloaded since.
            using IDisposable pins = preparation.Pin(resume ? recorder.Directory.ReadFingerprint() : null);
            Train(Validate(specJson, queued ?? []), resume);
            end = _summary.Summary.EarlyStop is null ? RunEnd.Finished : RunEnd.EarlyStopped;
        }
        catch (Exception problem) when (RunEnd.From(problem, stop, recorder.Log) is RunEnd failed)
        {
            end = WithAdvice(failed);
        }

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

    private RunSpec Validate(JsonNode? specJson, IReadOnlyList<FileSnapshot> queued)
    {
        SpecValidation validation = validator.Validate(specJson);
        _fileWarnings = ChangedFiles.Messages(queued, validation.Files);
        Warn(_fileWarnings);
        return validation.Spec
            ?? throw RunFailure.BadData(string.Join(" ", validation.Errors.Select(problem => problem.Message)), validation.Errors[0].Field);
    }

    private void Train(RunSpec spec, bool resume)
    {
        recorder.Phase("loading", 0, 0);
        recorder.Log($"loading model '{spec.Model}' and dataset '{spec.Dataset}'");
        TorchRuntime.EnsureLoaded();
        string specSha256 = SpecHash.Of(spec);
        using CheckpointReader? checkpoint = resume ? new CheckpointFolders(recorder.Directory).Latest(recorder.Log) : null;
        checkpoint?.RequireSpec(spec, recorder.Directory.FullPath);

        RunSpec used = checkpoint?.State.Spec ?? spec;
        using RunData data = preparation.Read(used);
        using IDisposable? lease = StoredRevisions.Lease(data.Model.Folder);
        bool trainsWeights = LoraMethods.Find(used.Method)?.TrainsWeights == true;
        torch.Device device = DeviceChoice.Resolve(used.Device);
        DeviceTrial.Require(device);
        bool gpu = device.type == DeviceType.CUDA;
        _gpu = gpu ? device : null;
        MemoryForecast? forecast = used.MemoryBudgetMb is null && !trainsWeights && !gpu ? null : new(used, data);
        used = used.Recompute == Recompute.Auto ? used with { Recompute = forecast?.Estimate.Recompute ?? Recompute.None } : used;
        MemoryBudgetCheck? budgetCheck = forecast is null ? null : new(forecast);
        budgetCheck?.RequireEstimate();
        FreeMemoryCheck? free = gpu ? new(Gpus.OfThisProcess, device.index, DeviceChoice.NameOf(device), Thread.Sleep) : null;
        AddWarnings(free?.Others, free?.RequireBeforeLoad(forecast!.Estimate.TotalMb));
        double modelBytes = RunDisk.ModelBytes(data);
        if (trainsWeights)
        {
            RunDisk.Require(recorder.Directory, data, checkpoint is not null);
        }

        Task<ModelFingerprint> hashing = RunPreparation.HashModelAsync(data);
        _spec = used;
        string[] linears = [.. data.Config.Block.Linears.Select(linear => linear.Name)];
        using PreparedRun run = preparation.Prepare(
            used, stop.Token, checkpoint, data, () => recorder.Heartbeat("loading", 0, 0), CalibrationProgress(linears), hashing);
        (_spec, _calibrated) = (run.Spec, null);
        RunFingerprint fingerprint = Fingerprint.Of(run, hashing.GetAwaiter().GetResult(), checkpoint?.State.Start);
        checkpoint?.RequireBase(fingerprint.Model);

        _summary.Resume(checkpoint?.State.Summary, run);
        using TrainingProgress progress = new(run, checkpoint);
        using TrainingEngine engine = new(run);
        TrainingReport report = new(run, recorder, _summary, free);
        using RunCheckpoints checkpoints = new(run, fingerprint, specSha256, recorder);
        _largestPass = engine.LargestPass;
        double? loadedMb = run.Memory.NowMb;
        double? probedMb = new MemoryProbe(run, engine, progress).Run(budgetCheck, stop.Token);
        AddWarnings(free?.RequireAfterProbe(forecast!.After(probedMb)));
        RecordPrepared(run, checkpoint?.State, loadedMb, probedMb);
        checkpoints.WriteFingerprint(progress, finished: false, _summary.Summary);
        recorder.Directory.WriteEvaluationRows(run.Data.EvaluationRows());

        BestAdapter best = new(
            run,
            recorder.Directory.FullPath,
            data.Model.Folder,
            () => RunDisk.MissingForBest(recorder.Directory.FullPath, modelBytes, data.Config),
            recorder.Warn);
        new TrainingLoop(run, engine.Gradient, engine.Model, progress, report, checkpoints, stop.Token, best).Run();

        recorder.Phase("saving", progress.Step, run.Schedule.TotalSteps, 0);
        SaveResult(run, data.Model.Folder);
        best.Finish(_summary.Summary, progress.Step);
        checkpoints.WriteFingerprint(progress, finished: true, _summary.Summary);
    }

    private void SaveResult(PreparedRun run, string baseFolder)
    {
        string folder = recorder.Directory.AdapterFolder;
        if (run.Model.Trained is TrainedWeights weights)
        {
            ModelExport.Write(baseFolder, weights, folder, PeftExport.Metadata(run.Spec, Versions.LoraLab));
        }
        else
        {
            PeftExport.Write(folder, run.Adapters, run.Spec, Versions.LoraLab);
        }
    }

    /// <summary>Records the progress of a calibration, which has its own steps.</summary>
    /// <param name="linears">Names of the linear layers of a block.</param>
    private Action<int, int> CalibrationProgress(IReadOnlyList<string> linears)
    {
        bool started = false;
        return (done, total) =>
        {
            if (!started)
            {
                (started, _calibrated) = (true, linears);
                recorder.Log("calibrating");
                recorder.Phase("preparing", done, total);
            }

            recorder.Heartbeat("preparing", done, total);
        };
    }

    private void AddWarnings(params IEnumerable<string?> warnings) => _deviceWarnings.AddRange(warnings.OfType<string>());

    private void RecordPrepared(PreparedRun run, TrainingState? resumedFrom, double? loadedMb, double? probedMb)
    {
        recorder.Prepared(new RunPrepared
        {
            Spec = run.Spec,
            Task = run.Data.Task.Id,
            Environment = run.Environment with { LoadMemoryMb = loadedMb, ProbeMemoryMb = probedMb },
            TotalSteps = run.Schedule.TotalSteps,
            ResumedFrom = resumedFrom?.Step ?? 0,
            Summary = resumedFrom?.Summary,
            TrainableParameters = run.TrainableParameters,
            TotalParameters = run.TotalParameters,
            LoadSeconds = run.LoadSeconds,
            PreparingSeconds = run.PreparingSeconds,
            Warnings = [.. _fileWarnings, .. run.Warnings, .. _deviceWarnings],
        });
        recorder.Log($"{run.Spec.Method} on {run.Environment.Device} in {run.Spec.Precision.ToString().ToLowerInvariant()}, {Passes(run)}, "
            + $"{NumberFormat.Count(run.TrainableParameters)} of {NumberFormat.Count(run.TotalParameters)} parameters trainable, "
            + $"{run.Schedule.TotalSteps} steps over {run.Train.Length} sentences"
            + (resumedFrom is null ? "" : $", resuming after step {resumedFrom.Step}"));
        if (run.Calibration is CalibrationFingerprint calibration)
        {
            recorder.Log(
                $"calibrated on {NumberFormat.Count(calibration.Rows, "row")} in {NumberFormat.Number(run.PreparingSeconds ?? 0)} s"
                    + (run.CalibratedEarlier > 0 ? $"; {NumberFormat.Count(run.CalibratedEarlier, "layer")} cached by earlier runs" : ""));
        }

        if (run.Decompositions is { Hits: > 0 } decompositions)
        {
            recorder.Log(
                $"{decompositions.Hits} of {decompositions.Hits + decompositions.Misses} decompositions were cached by earlier runs");
        }

        if (run.Quantized is { Hits: > 0 } quantized)
        {
            recorder.Log($"{quantized.Hits} of {quantized.Hits + quantized.Misses} layers in four bits were cached by earlier runs");
        }

        if (run.QuantizationError is not null)
        {
            recorder.Log($"{run.Spec.Method}: {run.QuantizationError}");
        }

        Warn([.. run.Warnings, .. _deviceWarnings]);
    }

    private void Warn(IReadOnlyList<string> warnings)
    {
        foreach (string warning in warnings)
        {
            recorder.Log($"warning: {warning}");
        }
    }

    private RunEnd WithAdvice(RunEnd end) => end switch
    {
        { Reason: EndReason.BadData } when _fileWarnings.Count > 0 =>
            end with { Message = $"{end.Message} {string.Join(' ', _fileWarnings)}" },
        { Reason: EndReason.OutOfMemory, Message: EndMessages.OutOfMemory } when TakenByOthers() is string cause =>
            end with { Message = cause },
        { Reason: EndReason reason, Suggestions.Count: 0 } when _spec is not null =>
            end with { Suggestions = [.. FailureAdvice.For(reason, _spec, _largestPass, HalfPrecision, _calibrated)] },
        _ => end,
    };

    /// <summary>The end of a run out of memory that other programs took; null: they did not, or the driver does not say.</summary>
    private string? TakenByOthers() => _gpu is torch.Device device
        && Gpus.OfThisProcess.TakenByOthersMb(device.index) is > MuchMb and double taken
            ? EndMessages.OutOfMemoryBesideOthers(DeviceChoice.NameOf(device), taken)
            : null;

    private static string Passes(PreparedRun run) => PackingRule.UsesReferencePath(run.Spec)
        ? "one sentence per pass under plain autograd"
        : $"packed passes of up to {run.Limits.Sentences} sentences"
            + (run.Limits.Tokens is int tokens ? $" and {tokens} tokens" : "")
            + (run.Limits.SharePrefix ? ", common prefix shared" : "");
}
