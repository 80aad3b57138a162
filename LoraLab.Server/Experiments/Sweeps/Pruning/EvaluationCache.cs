using System.Collections.Concurrent;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Sweeps.Pruning;

/// <summary>Evaluations of runs, read when there are new events of the run and remembered until then.</summary>
internal sealed class EvaluationCache
{
    private const int Most = 4096;

    private readonly ConcurrentDictionary<(string Run, string Key), (int Attempts, long LastEvent, IReadOnlyList<Evaluation> Evaluations)> known = [];

    /// <summary>The evaluations of a run after its start, in the order of their steps, the one before training left out.</summary>
    public IReadOnlyList<Evaluation> Of(RunDocument run, string objective, IRunSeries series)
    {
        if (run.Attempts.Count == 0)
        {
            return [];
        }

        long lastEvent = run.Attempts[^1].LastEvent;
        if (known.TryGetValue((run.Id, objective), out var seen) && seen.Attempts == run.Attempts.Count && seen.LastEvent == lastEvent)
        {
            return seen.Evaluations;
        }

        IReadOnlyList<Evaluation> evaluations = Read(run.Id, objective, series);
        if (known.Count >= Most)
        {
            known.Clear();
        }

        known[(run.Id, objective)] = (run.Attempts.Count, lastEvent, evaluations);
        return evaluations;
    }

    private List<Evaluation> Read(string runId, string objective, IRunSeries stored)
    {
        MetricSeries? series = stored.ReadSeries(runId, [objective]).GetValueOrDefault(objective);
        return series is null ? [] : [.. series.X.Zip(series.Y, (step, value) => new Evaluation(step, value is { } finite ? Objective.Score(objective, finite) : null)).Where(evaluation => evaluation.Step > 0)];
    }
}

/// <summary>The objective at a step.</summary>
/// <param name="Step">The step.</param>
/// <param name="Score">Higher is better; null: it was not finite.</param>
internal readonly record struct Evaluation(int Step, double? Score);
