using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Comparison;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>Reads the evidence of a study; a missing or damaged file in a run directory is read as null, never an error.</summary>
internal sealed class EvidenceReader(IRunStore store, PredictionFiles predictions, LoraLabPaths paths, TrainerInspector inspector)
{
    private static readonly string[] _keys = [.. MetricCatalog.Default.Evaluated.Select(metric => metric.Key)];

    /// <summary>Reads the evidence.</summary>
    /// <param name="study">The study with its runs and arms.</param>
    /// <param name="withPredictions">Whether to read the predictions, which only the files of the paper need.</param>
    public StudyEvidence Read(StudyDocument study, bool withPredictions) =>
        new(study, [.. study.Runs.Select(run => Read(run, withPredictions))], inspector.KnownMethods);

    private EvidenceRun Read(StudyRun run, bool withPredictions)
    {
        RunDocument? document = store.Find(run.RunId)?.Document;
        bool completed = document?.State == RunState.Completed;
        return new EvidenceRun(
            run,
            document,
            document is null ? null : FingerprintFile.TryRead(Path.Combine(paths.RunDirectory(run.RunId), RunFiles.Fingerprint)),
            completed ? store.ReadSeries(run.RunId, _keys) : new Dictionary<string, MetricSeries>(),
            completed && withPredictions ? predictions.TryReadLast(document!) : null);
    }
}
