using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Experiments.Sweeps.Pruning;
using LoraLab.Server.Experiments.Sweeps.Sampling;
using LoraLab.Server.Experiments.Sweeps.Space;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>Computes the steps of sweeps: points to sample, runs to create, stop and resume, and the end.</summary>
internal sealed class SweepDriver(EvaluationCache evaluations, Lanes lanes) : IExperimentDriver
{
    /// <summary>Maximum number of queued and running runs: the queue stays readable, and a batch is checked within seconds.</summary>
    private const int MaxLive = 50;

    public ExperimentKind Kind => ExperimentKind.Sweep;

    public ExperimentStep Next(
        StoredExperiment experiment, IReadOnlyDictionary<string, RunDocument> runs, IRunSeries series, DateTimeOffset now)
    {
        if (experiment.Ended)
        {
            return new ExperimentStep(experiment);
        }

        StoredSweep sweep = WithRunIds(experiment.Read<StoredSweep>(), runs);
        return sweep.State switch
        {
            SweepState.Paused => Pause(experiment, sweep, runs),
            SweepState.Running => Run(experiment, sweep, runs, series, now),
            _ => End(experiment, sweep, runs),
        };
    }

    public StoredExperiment Fail(StoredExperiment experiment, string message, DateTimeOffset now) =>
        (experiment with { Ended = true })
            .With(experiment.Read<StoredSweep>() with { State = SweepState.Failed, Error = message, EndedAt = now });

    private static StoredSweep WithRunIds(StoredSweep sweep, IReadOnlyDictionary<string, RunDocument> runs) => sweep with
    {
        Trials = [.. sweep.Trials.Select((trial, i) =>
            trial.RunId is null && runs.TryGetValue(Trial.KeyOf(i + 1), out RunDocument? run) ? trial with { RunId = run.Id } : trial)],
    };

    /// <summary>Stops all runs and marks them as held, so that they resume with the sweep.</summary>
    private static ExperimentStep Pause(StoredExperiment experiment, StoredSweep sweep, IReadOnlyDictionary<string, RunDocument> runs)
    {
        IReadOnlyList<Trial> trials = Trial.Of(sweep, runs);
        return new ExperimentStep(experiment.With(
            sweep with { Trials = [.. trials.Select(trial => trial.IsLive ? trial.Stored with { Held = true } : trial.Stored)] }))
        {
            Stops = [.. trials.Where(trial => trial.IsLive).Select(trial => new RequestedStop(trial.Run!.Id, null))],
        };
    }

    /// <summary>Stops all runs; the sweep has ended when none is left to stop.</summary>
    private static ExperimentStep End(StoredExperiment experiment, StoredSweep sweep, IReadOnlyDictionary<string, RunDocument> runs)
    {
        Trial[] live = [.. Trial.Of(sweep, runs).Where(trial => trial.IsLive)];
        return new ExperimentStep((experiment with { Ended = live.Length == 0 }).With(sweep))
        {
            Stops = [.. live.Select(trial => new RequestedStop(trial.Run!.Id, null))],
        };
    }

    private ExperimentStep Run(
        StoredExperiment experiment,
        StoredSweep sweep,
        IReadOnlyDictionary<string, RunDocument> runs,
        IRunSeries series,
        DateTimeOffset now)
    {
        sweep = ReleaseHeld(sweep, runs);
        sweep = Sample(sweep, runs);
        IReadOnlyList<TrialHistory> histories = Histories(sweep, runs, series);
        if (sweep.Rungs.Count > 0)
        {
            sweep = HalvingRule.Promote(sweep, histories);
            histories = Histories(sweep, runs, series);
        }

        IReadOnlyList<RequestedRun> newRuns = NewRuns(sweep, histories);
        string[] resumes = [.. histories.Where(history => history.Trial is { Stored.Held: true, Run.State: RunState.Cancelled })
            .Select(history => history.Trial.Run!.Id).Concat(sweep.Rungs.Count > 0 ? HalvingRule.Resumes(sweep, histories) : [])];
        bool ended = newRuns.Count == 0 && resumes.Length == 0 && sweep.Trials.Count >= sweep.PlannedRuns
            && histories.All(history => history.Trial.HasEnded);
        return new ExperimentStep((experiment with { Ended = ended }).With(ended ? Finish(sweep, histories, now) : sweep))
        {
            Runs = newRuns,
            Resumes = resumes,
            Stops = sweep.Plan.Pruner?.Kind switch
            {
                SweepPrunerKind.Median => [.. MedianRule.Stops(sweep, experiment.Name, histories)],
                SweepPrunerKind.Halving => [.. HalvingRule.Stops(sweep, experiment.Name, histories)],
                _ => [],
            },
        };
    }

    /// <summary>Clears the held mark of runs that are no longer stopped, or ended before they could be.</summary>
    private static StoredSweep ReleaseHeld(StoredSweep sweep, IReadOnlyDictionary<string, RunDocument> runs) => sweep with
    {
        Trials = [.. Trial.Of(sweep, runs).Select(trial =>
            trial.Stored.Held && trial.Run?.State is not (RunState.Cancelled or RunState.Cancelling)
                ? trial.Stored with { Held = false }
                : trial.Stored)],
    };

    /// <summary>
    /// With TPE, samples a point for each free lane, so that each choice uses all results so far; grid and random points are fixed from
    /// the start.
    /// </summary>
    private StoredSweep Sample(StoredSweep sweep, IReadOnlyDictionary<string, RunDocument> runs)
    {
        if (sweep.Plan.Sampler != SweepSampler.Tpe)
        {
            return sweep;
        }

        SearchSpace space = SearchSpaceReader.Rebuild(sweep.Plan, sweep.Constants);
        while (sweep.Trials.Count < sweep.PlannedRuns)
        {
            IReadOnlyList<Trial> trials = Trial.Of(sweep, runs);
            if (trials.Count(trial => !trial.HasEnded) >= lanes.Everywhere.Count)
            {
                break;
            }

            Observation[] observed =
                [.. trials.Select(trial => new Observation(space.PointOf(trial.Stored.Values)!, ScoreOf(sweep, trial)))];
            if (TpeSampler.Next(space, sweep.Plan.Seed, sweep.Plan.StartupRuns!.Value, observed) is not { } point)
            {
                return sweep with
                {
                    PlannedRuns = sweep.Trials.Count,
                    Warnings =
                    [
                        .. sweep.Warnings,
                        $"The search space has no further points: the sweep ends with {sweep.Trials.Count} runs.",
                    ],
                };
            }

            sweep = sweep with { Trials = [.. sweep.Trials, new StoredTrial(space.Values(point))] };
        }

        return sweep;
    }

    /// <summary>
    /// The score for TPE: a pruned run counts with its last evaluation, a failed one has no score, which keeps TPE away from its point.
    /// </summary>
    private static double? ScoreOf(StoredSweep sweep, Trial trial) =>
        trial.HasEnded && !trial.HasNoResult && trial.Last(sweep.Plan.Objective) is { } value
            ? Objective.Score(sweep.Plan.Objective, value)
            : null;

    private IReadOnlyList<TrialHistory> Histories(StoredSweep sweep, IReadOnlyDictionary<string, RunDocument> runs, IRunSeries series) =>
        [.. Trial.Of(sweep, runs).Select(trial => new TrialHistory(
            trial, sweep.Plan.Pruner is null || trial.Run is null ? [] : evaluations.Of(trial.Run, sweep.Plan.Objective, series)))];

    private static IReadOnlyList<RequestedRun> NewRuns(StoredSweep sweep, IReadOnlyList<TrialHistory> histories)
    {
        int live = histories.Count(history => history.Trial.IsLive);
        return
        [
            .. histories.Where(history => history.Trial is { Run: null, IsDeleted: false }).Take(Math.Max(0, MaxLive - live))
                .Select(history => new RequestedRun(
                    history.Trial.Key,
                    SettingFormat.FormatAll(history.Trial.Stored.Values),
                    SpecOf(sweep.Plan, history.Trial.Number, history.Trial.Stored.Values))),
        ];
    }

    /// <summary>The specification of a trial.</summary>
    public static JsonObject SpecOf(SweepPlan plan, int number, JsonObject values)
    {
        JsonObject spec = plan.Spec.DeepClone().AsObject();
        foreach ((string field, JsonNode? value) in values)
        {
            SpecFields.Set(spec, field, value);
        }

        if (spec["name"] is JsonValue named && named.TryGetValue(out string? name) && name.Length > 0)
        {
            spec["name"] = $"{name} {number}";
        }

        return spec;
    }

    private static StoredSweep Finish(StoredSweep sweep, IReadOnlyList<TrialHistory> histories, DateTimeOffset now)
    {
        int completed = histories.Count(history => history.Trial.Run?.State == RunState.Completed);
        int failed = histories.Count(history => history.Trial.Run?.State == RunState.Failed);
        return sweep with
        {
            State = completed > 0 ? SweepState.Completed : SweepState.Failed,
            Error = completed > 0
                ? null
                : $"None of the {histories.Count} runs completed: {failed} failed, {histories.Count - failed} were stopped or deleted. "
                    + "See the error of each run, then start another sweep.",
            EndedAt = now,
        };
    }
}
