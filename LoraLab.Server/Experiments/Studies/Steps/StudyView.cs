using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>The document of a study: what is stored, and what its runs are at this moment.</summary>
internal static class StudyView
{
    public static StudyDocument Of(StoredExperiment plan, IStoreReader stored)
    {
        StoredStudy study = plan.Read<StoredStudy>();
        IReadOnlyDictionary<string, RunDocument> documents = stored.RunsOf(plan.Kind, plan.Id);
        List<TrackedRun> now = [.. study.Runs.Select(run => documents.TryGetValue(run.Wanted.Key, out RunDocument? document) ? TrackedRun.Now(run.Wanted, document) : run.Gone())];
        int planned = PlannedRuns(study);
        return Brief(plan) with
        {
            Warnings = [.. study.Warnings, .. StudyWarnings.Of(study, now, documents)],
            Arms = [.. study.Arms.Select(arm => Arm(arm, now))],
            Runs = [.. now.Select(Run)],
            PlannedRuns = planned,
            EtaSeconds = study.State == StudyState.Running ? Eta(documents.Values, planned - now.Count(run => run.Ended)) : null,
        };
    }

    /// <summary>Without its runs, for lists.</summary>
    public static StudyDocument Brief(StoredExperiment plan)
    {
        StoredStudy study = plan.Read<StoredStudy>();
        return new StudyDocument
        {
            Id = plan.Id,
            Name = plan.Name,
            Notes = study.Plan.Notes,
            State = study.State,
            Error = study.Error,
            Plan = study.Plan,
            PlannedRuns = PlannedRuns(study),
            CreatedAt = plan.CreatedAt,
            EndedAt = study.EndedAt,
        };
    }

    private static int PlannedRuns(StoredStudy study)
    {
        int wanted = StudySteps.Wanted(study).Count;
        int undecided = study.Plan.Selection == StudySelection.None ? 0 : study.Arms.Count(arm => arm is { Selected: null, NothingFinished: false });
        return wanted + (undecided * study.Plan.Seeds!.Count);
    }

    private static StudyArm Arm(StoredArm arm, List<TrackedRun> runs) => new()
    {
        Method = arm.Method,
        Label = arm.Label,
        Color = arm.Color,
        Cells =
        [
            .. CellSelection.Rank(runs.Where(run => run.Wanted.Method == arm.Method && run.Wanted.Stage == StudyStage.Selection))
                .Select(run => new StudyCell(run.Wanted.Settings, run.RunId, run.Finished ? run.Accuracy : null, run.Finished ? run.Loss : null, run.Wanted.Extension)),
        ],
        Selected = arm.Selected,
        Position = arm.Place,
    };

    private static StudyRun Run(TrackedRun run) => new()
    {
        RunId = run.RunId,
        Method = run.Wanted.Method,
        Stage = run.Wanted.Stage,
        Settings = run.Wanted.Settings,
        Seed = run.Wanted.Seed,
        State = run.State,
        EndReason = run.EndReason,
        Error = run.Error,
        Step = run.Step,
        TotalSteps = run.TotalSteps,
        Accuracy = run.Accuracy,
        MacroF1 = run.MacroF1,
    };

    private static double? Eta(IEnumerable<RunDocument> runs, int left)
    {
        List<double> seconds = [.. runs.Where(run => run is { State: RunState.Completed, Attempts.Count: 1 }).Select(run => (run.EndedAt!.Value - run.StartedAt!.Value).TotalSeconds)];
        return seconds.Count == 0 ? null : seconds.Average() * left;
    }
}
