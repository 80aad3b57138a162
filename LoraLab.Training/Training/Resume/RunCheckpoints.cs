using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Training.Fingerprints;
using LoraLab.Training.Training.Recording;
using TorchSharp;

namespace LoraLab.Training.Training.Resume;

/// <summary>Writes the checkpoints of an attempt, with the fingerprint of the run so far.</summary>
/// <param name="run">The prepared run.</param>
/// <param name="fingerprint">Its fingerprint before the first step.</param>
/// <param name="specSha256">Hash of the specification as validated.</param>
/// <param name="recorder">Records the checkpoints.</param>
public sealed class RunCheckpoints(PreparedRun run, RunFingerprint fingerprint, string specSha256, RunRecorder recorder)
{
    private readonly CheckpointFolders _folders = new(recorder.Directory, kept: run.Model.Trained is null ? CheckpointFolders.Usual : 1);

    /// <summary>Writes a checkpoint.</summary>
    /// <param name="progress">The progress; the results of all issued steps must have been read.</param>
    /// <param name="summary">The results so far.</param>
    public void Save(TrainingProgress progress, RunSummary summary)
    {
        // Metrics must be on disk before the checkpoint that follows them.
        recorder.FlushToDisk();
        using IDisposable scope = torch.NewDisposeScope();
        _folders.Save(State(progress, summary), progress.Tensors());
        WriteFingerprint(progress, finished: false);
        recorder.Checkpoint(progress.Step);
    }

    /// <summary>Writes the fingerprint of the run so far.</summary>
    /// <param name="progress">The progress.</param>
    /// <param name="finished">Whether all steps are done, so that the factors are final.</param>
    public void WriteFingerprint(TrainingProgress progress, bool finished) => recorder.Directory.WriteFingerprint(
        Fingerprint.After(fingerprint, run, progress.Consumed, progress.Scaler, finished));

    private TrainingState State(TrainingProgress progress, RunSummary summary) => new()
    {
        Step = progress.Step,
        Evaluated = progress.EvaluatedStep == progress.Step,
        SpecSha256 = specSha256,
        Spec = run.Spec,
        Threads = run.Environment.Threads,
        BaseSha256 = fingerprint.Model.WeightsSha256,
        Start = fingerprint.Adapter with { FinalSha256 = null },
        ExtractedInBranch = run.Adapters.OfType<LowRankAdapter>().Any(adapter => adapter.Extracted is { InBranch: true }),
        OptimizerSteps = progress.Step,
        LossScale = progress.Scaler.Scale,
        GoodSteps = progress.Scaler.GoodSteps,
        Overflows = progress.Scaler.Overflows,
        ConsumedTokens = progress.Consumed.Tokens,
        ConsumedSha256 = progress.Consumed.Sha256,
        Summary = summary,
    };
}
