using System.Collections.Concurrent;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Sweeps.Pruning;

/// <summary>The objective at a step.</summary>
/// <param name="Step">The step.</param>
/// <param name="Score">Higher is better; null: not finite.</param>
internal readonly record struct Evaluation(int Step, double? Score);

/// <summary>Caches the evaluations of runs until a run has new events.</summary>
internal sealed class EvaluationCache
{
    private const int MaxEntries = 4096;

    private readonly ConcurrentDictionary<(string Run, string Key), (int Attempts, long LastEvent,
        IReadOnlyList<Evaluation> Evaluations)> _cache = [];

    /// <summary>The evaluations of a run in the order of their steps, without the one before training.</summary>
    public IReadOnlyList<Evaluation> Of(RunDocument run, string objective, IRunSeries series)
    {
        if (run.Attempts.Count == 0)
        {
            return [];
        }

        long lastEvent = run.Attempts[^1].LastEvent;
        if (_cache.TryGetValue((run.Id, objective), out var cached) && cached.Attempts == run.Attempts.Count
            && cached.LastEvent == lastEvent)
        {
            return cached.Evaluations;
        }

        IReadOnlyList<Evaluation> evaluations = Read(run.Id, objective, series);
        if (_cache.Count >= MaxEntries)
        {
            _cache.Clear();
        }

        _cache[(run.Id, objective)] = (run.Attempts.Count, lastEvent, evaluations);
        return evaluations;
    }

    private List<Evaluation> Read(string runId, string objective, IRunSeries stored)
    {
        MetricSeries? series = stored.ReadSeries(runId, [objective]).GetValueOrDefault(objective);
        return series is null ? [] : [.. series.X.Zip(series.Y, (step, value) => new Evaluation(
            step, value is { } finite ? Objective.Score(objective, finite) : null)).Where(evaluation => evaluation.Step > 0)];
    }
}
