using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Runs;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Comparison;

/// <summary>Reads the runs of a comparison; a missing or damaged file in a run directory is read as null, never an error.</summary>
internal sealed class ComparedRuns(IRunStore store, PredictionFiles predictions, LoraLabPaths paths)
{
    public IReadOnlyList<ComparedRun> Load(string? runs) => [.. RunSelection.Parse(runs, store).Select(Load)];

    private ComparedRun Load(RunDocument run) => new(
        run,
        FingerprintFile.TryRead(Path.Combine(paths.RunDirectory(run.Id), RunFiles.Fingerprint)),
        store.ReadSeries(run.Id, [MetricKeys.EvalLoss]).GetValueOrDefault(MetricKeys.EvalLoss)?.X.Count ?? 0,
        run.State == RunState.Completed ? predictions.TryReadLast(run)?.Items : null);
}
