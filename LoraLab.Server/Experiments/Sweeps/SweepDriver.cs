using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Experiments.Sweeps.Pruning;
using LoraLab.Server.Experiments.Sweeps.Sampling;
using LoraLab.Server.Experiments.Sweeps.Space;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>How a sweep goes on: which points are chosen, which runs are created, stopped and resumed, and when it is over.</summary>
internal sealed class SweepDriver(EvaluationCache evaluations, Lanes lanes) : IExperimentDriver
{
    /// <summary>Runs that may wait or run at once: a queue that people can still read, and a batch that is checked in seconds.</summary>
    private const int MostLive = 50;

    public ExperimentKind Kind => ExperimentKind.Sweep;

    public ExperimentStep Next(StoredExperiment plan, IReadOnlyDictionary<string, RunDocument> runs, IRunSeries series, DateTimeOffset now)
    {
        if (plan.Ended)
        {
            return new ExperimentStep(plan);
        }

        StoredSweep record = WithRunIds(plan.Read<StoredSweep>(), runs);
        return record.State switch
        {
            SweepState.Paused => Pause(plan, record, runs),
            SweepState.Running => Run(plan, record, runs, series, now),
            _ => End(plan, record, runs),
        };
    }

    public StoredExperiment Fail(StoredExperiment plan, string sentence, DateTimeOffset now) =>
        (plan with { Ended = true }).With(plan.Read<StoredSweep>() with { State = SweepState.Failed, Error = sentence, EndedAt = now });

    private static StoredSweep WithRunIds(StoredSweep record, IReadOnlyDictionary<string, RunDocument> runs) => record with
    {
        Trials = [.. record.Trials.Select((trial, i) => trial.RunId is null && runs.TryGetValue(Trial.KeyOf(i + 1), out RunDocument? run) ? trial with { RunId = run.Id } : trial)],
    };

    /// <summary>Everything is stopped; what is stopped is remembered, because it goes on with the sweep.</summary>
    private static ExperimentStep Pause(StoredExperiment plan, StoredSweep record, IReadOnlyDictionary<string, RunDocument> runs)
    {
        IReadOnlyList<Trial> trials = Trial.Of(record, runs);
        return new ExperimentStep(plan.With(record with { Trials = [.. trials.Select(trial => trial.IsLive ? trial.Stored with { Held = true } : trial.Stored)] }))
        {
            Stops = [.. trials.Where(trial => trial.IsLive).Select(trial => new RequestedStop(trial.Run!.Id, null))],
        };
    }

    /// <summary>Everything is stopped; the sweep is over when nothing is left to stop.</summary>
    private static ExperimentStep End(StoredExperiment plan, StoredSweep record, IReadOnlyDictionary<string, RunDocument> runs)
    {
        Trial[] live = [.. Trial.Of(record, runs).Where(trial => trial.IsLive)];
        return new ExperimentStep((plan with { Ended = live.Length == 0 }).With(record))
        {
            Stops = [.. live.Select(trial => new RequestedStop(trial.Run!.Id, null))],
        };
    }

    private ExperimentStep Run(StoredExperiment plan, StoredSweep record, IReadOnlyDictionary<string, RunDocument> runs, IRunSeries series, DateTimeOffset now)
    {
        record = Release(record, runs);
        record = Choose(record, runs);
        IReadOnlyList<TrialHistory> courses = Courses(record, runs, series);
        if (record.Rungs.Count > 0)
        {
            record = HalvingRule.Promote(record, courses);
            courses = Courses(record, runs, series);
        }

        IReadOnlyList<RequestedRun> created = Create(record, courses);
        string[] resumed = [.. courses.Where(course => course.Trial is { Stored.Held: true, Run.State: RunState.Cancelled }).Select(course => course.Trial.Run!.Id).Concat(record.Rungs.Count > 0 ? HalvingRule.Resumes(record, courses) : [])];
        bool over = created.Count == 0 && resumed.Length == 0 && record.Trials.Count >= record.PlannedRuns && courses.All(course => course.Trial.HasEnded);
        return new ExperimentStep((plan with { Ended = over }).With(over ? Finish(record, courses, now) : record))
        {
            Runs = created,
            Resumes = resumed,
            Stops = record.Plan.Pruner?.Kind switch
            {
                SweepPrunerKind.Median => [.. MedianRule.Stops(record, plan.Name, courses)],
                SweepPrunerKind.Halving => [.. HalvingRule.Stops(record, plan.Name, courses)],
                _ => [],
            },
        };
    }

    /// <summary>A held run that is not stopped any more, or will not be, is held no longer.</summary>
    private static StoredSweep Release(StoredSweep record, IReadOnlyDictionary<string, RunDocument> runs) => record with
    {
        Trials = [.. Trial.Of(record, runs).Select(trial => trial.Stored.Held && trial.Run?.State is not (RunState.Cancelled or RunState.Cancelling) ? trial.Stored with { Held = false } : trial.Stored)],
    };

    /// <summary>Grid and random know their points from the start; TPE chooses when a lane is free, so that it has seen as much as there is.</summary>
    private StoredSweep Choose(StoredSweep record, IReadOnlyDictionary<string, RunDocument> runs)
    {
        if (record.Plan.Sampler != SweepSampler.Tpe)
        {
            return record;
        }

        SearchSpace space = SearchSpaceReader.Again(record.Plan, record.Constants);
        while (record.Trials.Count < record.PlannedRuns)
        {
            IReadOnlyList<Trial> trials = Trial.Of(record, runs);
            if (trials.Count(trial => !trial.HasEnded) >= lanes.All.Count)
            {
                break;
            }

            Observation[] observed = [.. trials.Select(trial => new Observation(space.PointOf(trial.Stored.Values)!, ScoreOf(record, trial)))];
            if (TpeSampler.Next(space, record.Plan.Seed, record.Plan.StartupRuns!.Value, observed) is not { } point)
            {
                return record with
                {
                    PlannedRuns = record.Trials.Count,
                    Warnings = [.. record.Warnings, $"The space has no other points: {record.Trials.Count} runs are all that there are."],
                };
            }

            record = record with { Trials = [.. record.Trials, new StoredTrial(space.Values(point))] };
        }

        return record;
    }

    /// <summary>A run that was stopped early counts with what it had reached; one that failed is kept away from.</summary>
    private static double? ScoreOf(StoredSweep record, Trial trial) =>
        trial.HasEnded && !trial.IsOut && trial.Last(record.Plan.Objective) is { } value ? Objective.Score(record.Plan.Objective, value) : null;

    private IReadOnlyList<TrialHistory> Courses(StoredSweep record, IReadOnlyDictionary<string, RunDocument> runs, IRunSeries series) =>
        [.. Trial.Of(record, runs).Select(trial => new TrialHistory(trial, record.Plan.Pruner is null || trial.Run is null ? [] : evaluations.Of(trial.Run, record.Plan.Objective, series)))];

    private static IReadOnlyList<RequestedRun> Create(StoredSweep record, IReadOnlyList<TrialHistory> courses)
    {
        int live = courses.Count(course => course.Trial.IsLive);
        return
        [
            .. courses.Where(course => course.Trial is { Run: null, IsDeleted: false }).Take(Math.Max(0, MostLive - live))
                .Select(course => new RequestedRun(course.Trial.Key, SweepFormat.Show(course.Trial.Stored.Values), SpecOf(record.Plan, course.Trial.Number, course.Trial.Stored.Values))),
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

    private static StoredSweep Finish(StoredSweep record, IReadOnlyList<TrialHistory> courses, DateTimeOffset now)
    {
        int completed = courses.Count(course => course.Trial.Run?.State == RunState.Completed);
        int failed = courses.Count(course => course.Trial.Run?.State == RunState.Failed);
        return record with
        {
            State = completed > 0 ? SweepState.Completed : SweepState.Failed,
            Error = completed > 0 ? null : $"None of {courses.Count} runs was finished: {failed} failed, {courses.Count - failed} were stopped or deleted. Look at the runs' own sentences, and start another sweep.",
            EndedAt = now,
        };
    }
}
