using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
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
        List<StudyRun> runs = [.. study.Runs.Select(run =>
            documents.TryGetValue(run.Required().Key, out RunDocument? document)
                ? run.With(document, TaskDescriptors.Of(document.Task, document.Metric).Primary.Key)
                : run.Deleted())];
        TaskDescriptor task = documents.Values.FirstOrDefault() is RunDocument first
            ? TaskDescriptors.Of(first.Task, first.Metric)
            : TaskOf(runs);
        int planned = PlannedRuns(study);
        return Brief(experiment) with
        {
            Task = task.Id,
            Metric = task.Primary.Key,
            Warnings = [.. study.Warnings, .. StudyWarnings.Of(study, runs, documents)],
            Arms = [.. study.Arms.Select(arm => Arm(arm, runs))],
            Runs = runs,
            PlannedRuns = planned,
            EtaSeconds = study.State == StudyState.Running ? Eta(documents.Values, planned - runs.Count(run => run.HasEnded())) : null,
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

    private static StudyArm Arm(StoredArm arm, List<StudyRun> runs) => new()
    {
        Method = arm.Method,
        Label = arm.Label,
        Color = arm.Color,
        Cells =
        [
            .. CellSelection.Rank(runs.Where(run => run.Method == arm.Method && run.Stage == StudyStage.Selection))
                .Select(run => new StudyCell(
                    run.Settings,
                    run.RunId,
                    run.HasFinished() ? run.Accuracy : null,
                    run.HasFinished() ? run.Loss() : null,
                    run.Extension)
                {
                    Result = run.HasFinished() ? run.Result : null,
                }),
        ],
        Selected = arm.Selected,
        Position = arm.Place,
    };

    /// <summary>The task of a study whose runs were deleted: the one with their metrics, and with their primary one.</summary>
    private static TaskDescriptor TaskOf(List<StudyRun> runs)
    {
        StudyRun? known = runs.Find(run => run.Result is not null);
        MetricScope[] scopes = [.. (known?.Metrics.Keys ?? []).Select(key => MetricCatalog.Default.Of(key).Scope)];
        TaskDescriptor? task = TaskDescriptors.All.FirstOrDefault(task => scopes.Contains(task.Scope));
        return TaskDescriptors.Of(task?.Id, known?.PrimaryMetric);
    }

    private static double? Eta(IEnumerable<RunDocument> runs, int left)
    {
        List<double> seconds = [.. runs.Where(run => run is { State: RunState.Completed, Attempts.Count: 1 })
            .Select(run => (run.EndedAt!.Value - run.StartedAt!.Value).TotalSeconds)];
        return seconds.Count == 0 ? null : seconds.Average() * left;
    }
}
