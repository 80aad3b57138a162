using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>The document that the API shows, from what is stored.</summary>
internal static class SweepDocuments
{
    public static SweepDocument Of(StoredExperiment plan, IStoreReader stored, int lanes, bool withTrials = true)
    {
        StoredSweep record = plan.Read<StoredSweep>();
        IReadOnlyList<Trial> trials = Trial.Of(record, stored.RunsOf(plan.Kind, plan.Id));
        SweepCounts counts = Count(record, trials);
        return new SweepDocument
        {
            Id = plan.Id,
            Name = plan.Name,
            Notes = record.Plan.Notes,
            State = record.State,
            Error = record.Error,
            Plan = record.Plan,
            Warnings = record.Warnings,
            Rungs = record.Rungs,
            PlannedRuns = record.PlannedRuns,
            Counts = counts,
            EtaSeconds = Eta(record, trials, counts, lanes),
            Best = Best(record, trials),
            Trials = withTrials ? [.. trials.Select(trial => Show(record, trial))] : [],
            CreatedAt = plan.CreatedAt,
            EndedAt = record.EndedAt,
        };
    }

    /// <summary>Trials that gave a result, and the objective of each.</summary>
    public static IReadOnlyList<(Trial Trial, double Value)> Finished(StoredSweep record, IReadOnlyList<Trial> trials) =>
        [.. trials.Where(trial => trial.Run?.State == RunState.Completed && trial.Last(record.Plan.Objective) is not null).Select(trial => (trial, trial.Last(record.Plan.Objective)!.Value))];

    private static SweepTrial Show(StoredSweep record, Trial trial) => new()
    {
        Number = trial.Number,
        Values = trial.Stored.Values,
        RunId = trial.Run?.Id,
        RunName = trial.Run?.Name,
        State = trial.Run?.State,
        EndReason = trial.Run?.EndReason,
        Step = trial.Run?.Progress.Step ?? 0,
        Value = trial.Last(record.Plan.Objective),
        RungsPassed = trial.Stored.RungsPassed,
    };

    private static SweepCounts Count(StoredSweep record, IReadOnlyList<Trial> trials) => new()
    {
        Planned = record.PlannedRuns - trials.Count(trial => trial.Run is not null || trial.IsDeleted),
        Queued = trials.Count(trial => trial.Run?.State == RunState.Queued),
        Running = trials.Count(trial => trial.Run?.State is RunState.Preparing or RunState.Running or RunState.Cancelling or RunState.Interrupted),
        Completed = trials.Count(trial => trial.Run?.State == RunState.Completed),
        Pruned = trials.Count(trial => trial.Run is { State: RunState.Cancelled, EndReason: EndReason.Pruned }),
        Failed = trials.Count(trial => trial.Run?.State == RunState.Failed),
        Cancelled = trials.Count(trial => trial.IsDeleted || trial.Run is { State: RunState.Cancelled, EndReason: not EndReason.Pruned }),
    };

    /// <summary>By the mean time of finished runs. Halving has no such mean: its runs end at different steps.</summary>
    private static double? Eta(StoredSweep record, IReadOnlyList<Trial> trials, SweepCounts counts, int lanes)
    {
        double[] seconds = [.. trials.Where(trial => trial.Run is { State: RunState.Completed, Summary.TrainSeconds: not null }).Select(trial => trial.Run!.Summary).Select(summary => (summary.TrainSeconds + summary.EvalSeconds + summary.LoadSeconds) ?? 0)];
        if (record.State != SweepState.Running || record.Rungs.Count > 0 || seconds.Length == 0)
        {
            return null;
        }

        double left = counts.Planned + counts.Queued + trials.Where(trial => trial.Run?.State is RunState.Preparing or RunState.Running)
            .Sum(trial => trial.Run!.Progress is { TotalSteps: > 0 } progress ? 1 - ((double)progress.Step / progress.TotalSteps) : 1);
        return left * seconds.Average() / Math.Max(1, lanes);
    }

    private static SweepBest? Best(StoredSweep record, IReadOnlyList<Trial> trials)
    {
        IReadOnlyList<(Trial Trial, double Value)> finished = Finished(record, trials);
        if (finished.Count == 0)
        {
            return null;
        }

        (Trial trial, double value) = finished.MaxBy(run => Objective.Score(record.Plan.Objective, run.Value));
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
            Indistinguishable = accuracy is null ? 0 : finished.Count(other => other.Trial != trial && Accuracy(other.Trial.Run!.Summary) is { } theirs && theirs.Low <= accuracy.Value && accuracy.Value <= theirs.High),
            Note = finished.Count == 1
                ? "It is the only finished run so far; it was evaluated on the selection split, not on the reported rows."
                : $"It was chosen as the best of {finished.Count} on the selection split, so that its figure there flatters it; run it again with evalSplit dev for one to report.",
        };
    }

    private static ProportionEstimate? Accuracy(RunSummary summary)
    {
        if (summary is not { Correct: int correct, EvalRows: > 0 and int rows })
        {
            return null;
        }

        (double low, double high) = WilsonInterval.Of(correct, rows);
        return new ProportionEstimate((double)correct / rows, correct, rows, low, high);
    }
}
