using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Domain;

/// <summary>
/// Applies worker events to a run's document. Events that were applied before (by their number within the attempt) are
/// skipped, so importing a file twice changes nothing.
/// </summary>
internal static class RunProjector
{
    public static RunUpdate Apply(RunDocument document, IEnumerable<WorkerEvent> events)
    {
        List<MetricPoint> points = [];
        bool changed = false;
        int? supersededAfter = null;
        foreach (WorkerEvent happened in events)
        {
            RunAttempt attempt = document.Attempts[^1];
            if (happened.Number <= attempt.LastEvent)
            {
                continue;
            }

            document = document with { Attempts = [.. document.Attempts.SkipLast(1), attempt with { LastEvent = happened.Number }] };
            if (document.Progress.Stalled)
            {
                document = document with { Progress = document.Progress with { Stalled = false } };
            }

            changed |= happened is not (ProgressMade or MetricsRecorded);
            supersededAfter = happened is RunPrepared { ResumedFrom: int from } && attempt.Number > 1 ? from : supersededAfter;
            document = happened switch
            {
                RunPrepared prepared => Prepare(document, prepared),
                CheckpointSaved saved => WithAttempt(document, last => last with { CheckpointStep = saved.Step }),
                ProgressMade progress => document with
                {
                    Progress = new RunProgress { Step = progress.Step, TotalSteps = Known(progress.TotalSteps, document.Progress.TotalSteps), EtaSeconds = progress.EtaSeconds, Phase = progress.Phase },
                },
                MetricsRecorded metrics => Record(document, metrics, points),
                Evaluated evaluated => Evaluate(document, evaluated, points),
                BudgetExceeded passed => document with
                {
                    Summary = document.Summary with { BudgetExceededMb = passed.UsedMb - passed.BudgetMb },
                    Warnings = [.. document.Warnings.Append(passed.Message).Distinct()],
                },
                AttemptEnded ended => document with { Summary = Merge(document.Summary, ended.Summary), Suggestions = ended.Suggestions },
                _ => document,
            };
        }

        return new RunUpdate(document, points, changed, supersededAfter);
    }

    private static RunDocument Prepare(RunDocument document, RunPrepared prepared) => RunStateMachine.Begin(document) with
    {
        // What describes the run may have been edited since its submission; the worker only knows what it was given.
        Spec = prepared.Spec with { Name = document.Spec.Name, Notes = document.Spec.Notes, Tags = document.Spec.Tags, Priority = document.Spec.Priority },
        Warnings = [.. document.Warnings.Union(prepared.Warnings)],
        Progress = document.Progress with { Step = prepared.ResumedFrom, TotalSteps = prepared.TotalSteps, Phase = "training" },
        // What an earlier attempt reached beyond the checkpoint will be reached again.
        Summary = (prepared.Summary ?? new RunSummary()) with
        {
            TrainableParameters = prepared.TrainableParameters,
            TotalParameters = prepared.TotalParameters,
            LoadSeconds = prepared.LoadSeconds,
        },
        Attempts = [.. document.Attempts.SkipLast(1), document.Attempts[^1] with { Environment = prepared.Environment, ResumedFrom = prepared.ResumedFrom }],
    };

    private static RunDocument WithAttempt(RunDocument document, Func<RunAttempt, RunAttempt> change) =>
        document with { Attempts = [.. document.Attempts.SkipLast(1), change(document.Attempts[^1])] };

    private static RunDocument Record(RunDocument document, MetricsRecorded metrics, List<MetricPoint> points)
    {
        RunSummary summary = document.Summary;
        foreach (MetricPoint point in EventPoints.Of(metrics, document.Attempts[^1].Number))
        {
            points.Add(point);
            if (point.Key == MetricKeys.TrainLoss)
            {
                summary = summary with { TrainLoss = MetricSummary.After(summary.TrainLoss, point.Key, point.Step, point.Value) };
            }
        }

        return document with { Summary = summary };
    }

    private static RunDocument Evaluate(RunDocument document, Evaluated evaluated, List<MetricPoint> points)
    {
        points.AddRange(EventPoints.Of(evaluated, document.Attempts[^1].Number));
        RunSummary summary = document.Summary;
        return document with
        {
            Summary = summary with
            {
                Accuracy = MetricSummary.After(summary.Accuracy, MetricKeys.EvalAccuracy, evaluated.Step, evaluated.Accuracy),
                MacroF1 = MetricSummary.After(summary.MacroF1, MetricKeys.EvalMacroF1, evaluated.Step, evaluated.MacroF1),
                EvalLoss = MetricSummary.After(summary.EvalLoss, MetricKeys.EvalLoss, evaluated.Step, evaluated.Loss),
                Correct = evaluated.Correct,
                EvalRows = evaluated.Rows,
                MajorityBaseline = evaluated.MajorityBaseline,
            },
        };
    }

    /// <summary>The worker's own summary is the last word; what it does not know stays.</summary>
    private static RunSummary Merge(RunSummary known, RunSummary told) => new()
    {
        Accuracy = told.Accuracy ?? known.Accuracy,
        MacroF1 = told.MacroF1 ?? known.MacroF1,
        EvalLoss = told.EvalLoss ?? known.EvalLoss,
        TrainLoss = told.TrainLoss ?? known.TrainLoss,
        Correct = told.Correct ?? known.Correct,
        EvalRows = told.EvalRows ?? known.EvalRows,
        MajorityBaseline = told.MajorityBaseline ?? known.MajorityBaseline,
        TrainableParameters = told.TrainableParameters ?? known.TrainableParameters,
        TotalParameters = told.TotalParameters ?? known.TotalParameters,
        TrainTokens = told.TrainTokens ?? known.TrainTokens,
        TrainSeconds = told.TrainSeconds ?? known.TrainSeconds,
        EvalSeconds = told.EvalSeconds ?? known.EvalSeconds,
        LoadSeconds = told.LoadSeconds ?? known.LoadSeconds,
        PeakMemoryMb = told.PeakMemoryMb ?? known.PeakMemoryMb,
        BudgetExceededMb = told.BudgetExceededMb ?? known.BudgetExceededMb,
    };

    private static int Known(int told, int before) => told > 0 ? told : before;
}
