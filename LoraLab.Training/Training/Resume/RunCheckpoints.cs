using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Training.Fingerprints;
using LoraLab.Training.Training.Recording;
using TorchSharp;

namespace LoraLab.Training.Training.Resume;

/// <summary>
/// Writes the checkpoints of an attempt, with the fingerprint of the run so far, beside the training: only the copy of the state holds it
/// up. A checkpoint is recorded when it is on disk; one is written at a time, and its failure ends the run at the next one at the latest.
/// </summary>
/// <param name="run">The prepared run.</param>
/// <param name="fingerprint">Its fingerprint before the first step.</param>
/// <param name="specSha256">Hash of the specification as validated.</param>
/// <param name="recorder">Records the checkpoints.</param>
public sealed class RunCheckpoints(PreparedRun run, RunFingerprint fingerprint, string specSha256, RunRecorder recorder) : IDisposable
{
    private readonly CheckpointFolders _folders = new(recorder.Directory, kept: run.Model.Trained is null ? CheckpointFolders.Usual : 1);
    private Task? _writing;
    private int _step;

    /// <summary>Writes a checkpoint, in the background.</summary>
    /// <param name="progress">The progress; the results of all issued steps must have been read.</param>
    /// <param name="summary">The results so far.</param>
    /// <exception cref="IOException">It cannot be copied, or the previous one could not be written.</exception>
    public void Save(TrainingProgress progress, RunSummary summary)
    {
        Finish();
        recorder.Flush();
        using IDisposable scope = torch.NewDisposeScope();
        Action complete = _folders.Stage(State(progress, summary), progress.Tensors(), run.Frozen);
        RunFingerprint now = Fingerprint.After(fingerprint, run, progress.Consumed, progress.Scaler, finished: false, BestStep(summary));
        _step = progress.Step;
        _writing = Task.Factory.StartNew(
            () =>
            {
                // Metrics must be on disk before the checkpoint that follows them.
                recorder.FlushToDisk();
                complete();
                recorder.Directory.WriteFingerprint(now);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    /// <summary>Records the last checkpoint if it is on disk by now.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Poll()
    {
        if (_writing?.IsCompleted == true)
        {
            Finish();
        }
    }

    /// <summary>Waits until the last checkpoint is on disk and records it.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Finish()
    {
        if (_writing is not Task writing)
        {
            return;
        }

        _writing = null;
        writing.GetAwaiter().GetResult();
        recorder.Checkpoint(_step);
    }

    /// <summary>Writes the fingerprint of the run so far.</summary>
    /// <param name="progress">The progress.</param>
    /// <param name="finished">Whether all steps are done, so that the factors are final.</param>
    /// <param name="summary">The results so far.</param>
    public void WriteFingerprint(TrainingProgress progress, bool finished, RunSummary summary) => recorder.Directory.WriteFingerprint(
        Fingerprint.After(fingerprint, run, progress.Consumed, progress.Scaler, finished, BestStep(summary)));

    /// <summary>Waits for the last checkpoint of an attempt that failed; its own failure is logged.</summary>
    public void Dispose()
    {
        try
        {
            Finish();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            recorder.Log($"the checkpoint of step {_step} could not be written: {problem.Message}");
        }
    }

    private int? BestStep(RunSummary summary) => summary[run.Data.Metric]?.BestStep;

    private TrainingState State(TrainingProgress progress, RunSummary summary) => new()
    {
        Step = progress.Step,
        Evaluated = progress.EvaluatedStep == progress.Step,
        SpecSha256 = specSha256,
        Spec = run.Spec,
        Threads = run.Environment.Threads,
        BaseSha256 = fingerprint.Model.WeightsSha256,
        Start = fingerprint.Adapter with { FinalSha256 = null, BestStep = null },
        ExtractedInBranch = run.Adapters.OfType<LowRankAdapter>().Any(adapter => adapter.Extracted is { InBranch: true }),
        DropoutOfDevice = !run.EarlierDropout,
        OptimizerSteps = progress.Step,
        LossScale = progress.Scaler.Scale,
        GoodSteps = progress.Scaler.GoodSteps,
        Overflows = progress.Scaler.Overflows,
        ConsumedTokens = progress.Consumed.Tokens,
        ConsumedSha256 = progress.Consumed.Sha256,
        Summary = summary,
    };
}
