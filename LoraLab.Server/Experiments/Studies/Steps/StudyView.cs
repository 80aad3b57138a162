using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>Creates the API's study documents from stored studies and the present state of their runs.</summary>
internal static class StudyView
{
    public static StudyDocument Of(StoredExperiment experiment, IStoreReader stored)
    {
        StoredStudy study = experiment.Read<StoredStudy>();
        IReadOnlyDictionary<string, RunDocument> documents = stored.RunsOf(experiment.Kind, experiment.Id);
        List<TrackedRun> tracked = [.. study.Runs.Select(run => documents.TryGetValue(run.Required.Key, out RunDocument? document)
            ? TrackedRun.Current(run.Required, document)
            : run.Deleted())];
        int planned = PlannedRuns(study);
        return Brief(experiment) with
        {
            Warnings = [.. study.Warnings, .. StudyWarnings.Of(study, tracked, documents)],
            Arms = [.. study.Arms.Select(arm => Arm(arm, tracked))],
            Runs = [.. tracked.Select(Run)],
            PlannedRuns = planned,
            EtaSeconds = study.State == StudyState.Running ? Eta(documents.Values, planned - tracked.Count(run => run.Ended)) : null,
        };
    }

    /// <summary>The document without runs, for lists.</summary>
    public static StudyDocument Brief(StoredExperiment experiment)
    {
        StoredStudy study = experiment.Read<StoredStudy>();
        return new StudyDocument
        {
            Id = experiment.Id,
            Name = experiment.Name,
            Notes = study.Plan.Notes,
            State = study.State,
            Error = study.Error,
            Plan = study.Plan,
            PlannedRuns = PlannedRuns(study),
            CreatedAt = experiment.CreatedAt,
            EndedAt = study.EndedAt,
        };
    }

    private static int PlannedRuns(StoredStudy study)
    {
        int required = StudySteps.RequiredRuns(study).Count;
        int undecided = study.Plan.Selection == StudySelection.None
            ? 0
            : study.Arms.Count(arm => arm is { Selected: null, NothingFinished: false });
        return required + (undecided * study.Plan.Seeds!.Count);
    }

    private static StudyArm Arm(StoredArm arm, List<TrackedRun> runs) => new()
    {
        Method = arm.Method,
        Label = arm.Label,
        Color = arm.Color,
        Cells =
        [
            .. CellSelection.Rank(runs.Where(run => run.Required.Method == arm.Method && run.Required.Stage == StudyStage.Selection))
                .Select(run => new StudyCell(
                    run.Required.Settings,
                    run.RunId,
                    run.Finished ? run.Accuracy : null,
                    run.Finished ? run.Loss : null,
                    run.Required.Extension)),
        ],
        Selected = arm.Selected,
        Position = arm.Place,
    };

    private static StudyRun Run(TrackedRun run) => new()
    {
        RunId = run.RunId,
        Method = run.Required.Method,
        Stage = run.Required.Stage,
        Settings = run.Required.Settings,
        Seed = run.Required.Seed,
        State = run.State,
        EndReason = run.EndReason,
        Error = run.Error,
        Step = run.Step,
        TotalSteps = run.TotalSteps,
        Metrics = run.Metrics,
    };

    private static double? Eta(IEnumerable<RunDocument> runs, int left)
    {
        List<double> seconds = [.. runs.Where(run => run is { State: RunState.Completed, Attempts.Count: 1 })
            .Select(run => (run.EndedAt!.Value - run.StartedAt!.Value).TotalSeconds)];
        return seconds.Count == 0 ? null : seconds.Average() * left;
    }
}
