using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Domain;

/// <summary>
/// Applies worker events to a run's document. Events that were already applied (by their number within the attempt) are
/// skipped, so importing a file is idempotent.
/// </summary>
internal static class RunProjector
{
    public static RunUpdate Apply(RunDocument document, IEnumerable<WorkerEvent> events)
    {
        List<MetricPoint> points = [];
        bool changed = false;
        int? supersededAfter = null;
        foreach (WorkerEvent workerEvent in events)
        {
            RunAttempt attempt = document.Attempts[^1];
            if (workerEvent.Number <= attempt.LastEvent)
            {
                continue;
            }

            document = document with { Attempts = [.. document.Attempts.SkipLast(1), attempt with { LastEvent = workerEvent.Number }] };
            if (document.Progress.Stalled)
            {
                document = document with { Progress = document.Progress with { Stalled = false } };
            }

            changed |= workerEvent is not (ProgressMade or MetricsRecorded);
            supersededAfter = workerEvent is RunPrepared { ResumedFrom: int from } && attempt.Number > 1 ? from : supersededAfter;
            document = workerEvent switch
            {
                RunPrepared prepared => Prepare(document, prepared),
                CheckpointSaved saved => WithAttempt(document, last => last with { CheckpointStep = saved.Step }),
                ProgressMade progress => document with
                {
                    Progress = new RunProgress
                    {
                        Step = progress.Step,
                        TotalSteps = Known(progress.TotalSteps, document.Progress.TotalSteps),
                        EtaSeconds = progress.EtaSeconds,
                        Phase = progress.Phase,
                    },
                },
                MetricsRecorded metrics => Record(document, metrics, points),
                Evaluated evaluated => Evaluate(document, evaluated, points),
                BudgetExceeded passed => document with
                {
                    Summary = document.Summary with { BudgetExceededMb = passed.UsedMb - passed.BudgetMb },
                    Warnings = [.. document.Warnings.Append(passed.Message).Distinct()],
                },
                WarningRaised warning => document with { Warnings = [.. document.Warnings.Append(warning.Message).Distinct()] },
                // The worker's own summary takes precedence.
                AttemptEnded ended => document with { Summary = ended.Summary.Or(document.Summary), Suggestions = ended.Suggestions },
                _ => document,
            };
        }

        return new RunUpdate(document, points, changed, supersededAfter);
    }

    private static RunDocument Prepare(RunDocument document, RunPrepared prepared) => RunStateMachine.Begin(document) with
    {
        // Name, notes, tags and priority may have been edited since the submission; the worker only has the submitted values.
        Spec = prepared.Spec with
        {
            Name = document.Spec.Name,
            Notes = document.Spec.Notes,
            Tags = document.Spec.Tags,
            Priority = document.Spec.Priority,
        },
        Task = prepared.Task ?? document.Task,
        Warnings = [.. document.Warnings.Union(prepared.Warnings)],
        Progress = document.Progress with { Step = prepared.ResumedFrom, TotalSteps = prepared.TotalSteps, Phase = "training" },
        // Results of an earlier attempt beyond the checkpoint will be computed again.
        Summary = (prepared.Summary ?? new RunSummary()) with
        {
            TrainableParameters = prepared.TrainableParameters,
            TotalParameters = prepared.TotalParameters,
            LoadSeconds = prepared.LoadSeconds,
            PreparingSeconds = prepared.PreparingSeconds ?? prepared.Summary?.PreparingSeconds,
            PredictionsBeside = document.Summary.PredictionsBeside,
        },
        Attempts =
        [
            .. document.Attempts.SkipLast(1),
            document.Attempts[^1] with { Environment = prepared.Environment, ResumedFrom = prepared.ResumedFrom },
        ],
    };

    private static RunDocument WithAttempt(RunDocument document, Func<RunAttempt, RunAttempt> change) =>
        document with { Attempts = [.. document.Attempts.SkipLast(1), change(document.Attempts[^1])] };

    private static RunDocument Record(RunDocument document, MetricsRecorded metrics, List<MetricPoint> points)
    {
        RunSummary summary = document.Summary;
        foreach (MetricPoint point in EventPoints.From(metrics, document.Attempts[^1].Number))
        {
            points.Add(point);
            MetricDescriptor metric = MetricCatalog.Default.Of(point.Key);
            summary = metric.IsSummarized ? summary.After(metric, point.Step, point.Value) : summary;
        }

        return document with { Summary = summary };
    }

    private static RunDocument Evaluate(RunDocument document, Evaluated evaluated, List<MetricPoint> points)
    {
        points.AddRange(EventPoints.From(evaluated, document.Attempts[^1].Number));
        return document with { Summary = evaluated.AddTo(document.Summary) };
    }

    private static int Known(int reported, int before) => reported > 0 ? reported : before;
}
