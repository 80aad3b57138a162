using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Comparison;

/// <summary>Reads the runs of a comparison; a missing or damaged file in a run directory is read as null, never an error.</summary>
internal sealed class ComparedRuns(IRunStore store, PredictionFiles predictions, LoraLabPaths paths)
{
    /// <summary>Reads the runs that exist.</summary>
    /// <param name="runs">Ids, separated by commas.</param>
    /// <exception cref="ApiFailure">None of them exists, or there are too many.</exception>
    public ComparedSelection Load(string? runs)
    {
        (IReadOnlyList<RunDocument> found, IReadOnlyList<string> missing) = RunSelection.Find(runs, store);
        return found.Count == 0 ? throw ApiFailure.NoRun(missing[0]) : new ComparedSelection([.. found.Select(Load)], missing);
    }

    private ComparedRun Load(RunDocument run) => new(
        run,
        FingerprintFile.TryRead(Path.Combine(paths.RunDirectory(run.Id), RunFiles.Fingerprint)),
        store.ReadSeries(run.Id, [MetricKeys.EvalLoss]).GetValueOrDefault(MetricKeys.EvalLoss)?.X.Count ?? 0,
        run.State == RunState.Completed ? predictions.TryReadLast(run)?.Items : null);
}
