using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>Creates the API's sweep documents from stored sweeps.</summary>
internal static class SweepDocuments
{
    public static SweepDocument Of(StoredExperiment experiment, IStoreReader stored, int lanes, bool withTrials = true)
    {
        StoredSweep sweep = experiment.Read<StoredSweep>();
        IReadOnlyList<Trial> trials = Trial.Of(sweep, stored.RunsOf(experiment.Kind, experiment.Id));
        SweepCounts counts = Count(sweep, trials);
        return new SweepDocument
        {
            Id = experiment.Id,
            Name = experiment.Name,
            Notes = sweep.Plan.Notes,
            State = sweep.State,
            Error = sweep.Error,
            Plan = sweep.Plan,
            Warnings = sweep.Warnings,
            Rungs = sweep.Rungs,
            PlannedRuns = sweep.PlannedRuns,
            Counts = counts,
            EtaSeconds = Eta(sweep, trials, counts, lanes),
            Best = Best(sweep, trials),
            Trials = withTrials ? [.. trials.Select(trial => Show(sweep, trial))] : [],
            CreatedAt = experiment.CreatedAt,
            EndedAt = sweep.EndedAt,
        };
    }

    /// <summary>Completed trials with a finite objective.</summary>
    public static IReadOnlyList<(Trial Trial, double Value)> Finished(StoredSweep sweep, IReadOnlyList<Trial> trials) =>
        [.. trials.Where(trial => trial.Run?.State == RunState.Completed && trial.Last(sweep.Plan.Objective) is not null)
            .Select(trial => (trial, trial.Last(sweep.Plan.Objective)!.Value))];

    private static SweepTrial Show(StoredSweep sweep, Trial trial) => new()
    {
        Number = trial.Number,
        Values = trial.Stored.Values,
        RunId = trial.Run?.Id,
        RunName = trial.Run?.Name,
        State = trial.Run?.State,
        EndReason = trial.Run?.EndReason,
        Step = trial.Run?.Progress.Step ?? 0,
        Value = trial.Last(sweep.Plan.Objective),
        RungsPassed = trial.Stored.RungsPassed,
    };

    private static SweepCounts Count(StoredSweep sweep, IReadOnlyList<Trial> trials) => new()
    {
        Planned = sweep.PlannedRuns - trials.Count(trial => trial.Run is not null || trial.IsDeleted),
        Queued = trials.Count(trial => trial.Run?.State == RunState.Queued),
        Running = trials.Count(trial =>
            trial.Run?.State is RunState.Preparing or RunState.Running or RunState.Cancelling or RunState.Interrupted),
        Completed = trials.Count(trial => trial.Run?.State == RunState.Completed),
        Pruned = trials.Count(trial => trial.Run is { State: RunState.Cancelled, EndReason: EndReason.Pruned }),
        Failed = trials.Count(trial => trial.Run?.State == RunState.Failed),
        Cancelled = trials.Count(trial => trial.IsDeleted || trial.Run is { State: RunState.Cancelled, EndReason: not EndReason.Pruned }),
    };

    /// <summary>Time left by the mean time of completed runs; null with halving, whose runs end at different steps.</summary>
    private static double? Eta(StoredSweep sweep, IReadOnlyList<Trial> trials, SweepCounts counts, int lanes)
    {
        double[] seconds = [.. trials.Where(trial => trial.Run is { State: RunState.Completed, Summary.TrainSeconds: not null })
            .Select(trial => trial.Run!.Summary)
            .Select(summary => (summary.TrainSeconds + summary.EvalSeconds + summary.LoadSeconds + (summary.PreparingSeconds ?? 0)) ?? 0)];
        if (sweep.State != SweepState.Running || sweep.Rungs.Count > 0 || seconds.Length == 0)
        {
            return null;
        }

        double left = counts.Planned + counts.Queued + trials.Where(trial => trial.Run?.State is RunState.Preparing or RunState.Running)
            .Sum(trial => trial.Run!.Progress is { TotalSteps: > 0 } progress ? 1 - ((double)progress.Step / progress.TotalSteps) : 1);
        return left * seconds.Average() / Math.Max(1, lanes);
    }

    private static SweepBest? Best(StoredSweep sweep, IReadOnlyList<Trial> trials)
    {
        IReadOnlyList<(Trial Trial, double Value)> finished = Finished(sweep, trials);
        if (finished.Count == 0)
        {
            return null;
        }

        (Trial trial, double value) = finished.MaxBy(run => Objective.Score(sweep.Plan.Objective, run.Value));
        RunDocument best = trial.Run!;
        ProportionEstimate? accuracy = Accuracy(best.Summary);
        return new SweepBest
        {
            RunId = best.Id,
            RunName = best.Name,
            Values = trial.Stored.Values,
            Value = value,
            Accuracy = accuracy,
            Candidates = finished.Count,
            Indistinguishable = accuracy is null ? 0 : finished.Count(other => other.Trial != trial
                && Accuracy(other.Trial.Run!.Summary) is { } theirs && theirs.Low <= accuracy.Value && accuracy.Value <= theirs.High),
            Note = finished.Count == 1
                ? "The only completed run so far, evaluated on the selection split, not on the reported rows."
                : $"Selected as the best of {finished.Count} on the selection split, so its result there is optimistically biased; "
                    + "run it again with evalSplit dev for a result to report.",
        };
    }

    private static ProportionEstimate? Accuracy(RunSummary summary)
    {
        if (summary[MetricKeys.EvalAccuracy] is null || summary is not { Correct: int correct, EvalRows: > 0 and int rows })
        {
            return null;
        }

        (double low, double high) = WilsonInterval.Of(correct, rows);
        return new ProportionEstimate((double)correct / rows, correct, rows, low, high);
    }
}
