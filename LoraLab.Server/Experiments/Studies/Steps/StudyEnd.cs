using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>Decides whether and how a study has ended. A run that a user resumes reopens it.</summary>
internal static class StudyEnd
{
    /// <summary>The study with its state, error and end.</summary>
    /// <param name="study">The study.</param>
    /// <param name="anyMissing">Whether it is about to create runs.</param>
    /// <param name="now">The time.</param>
    public static StoredStudy Apply(StoredStudy study, bool anyMissing, DateTimeOffset now)
    {
        bool isActive = anyMissing || study.Runs.Any(run => !run.HasEnded());
        string? error = study.Refused is { } refused ? $"A required run was rejected: {refused}" : isActive ? null : WithoutResult(study);
        StudyState state = study.Cancelled ? StudyState.Cancelled
            : study.Refused is not null ? StudyState.Failed
            : isActive ? StudyState.Running
            : error is null ? StudyState.Completed
            : StudyState.Failed;
        return study with
        {
            State = state,
            Error = state == StudyState.Failed ? error : null,
            EndedAt = isActive ? null : study.EndedAt ?? now,
        };
    }

    /// <summary>Names the methods without a result and the errors of their runs; null if every method has a result.</summary>
    private static string? WithoutResult(StoredStudy study)
    {
        List<string> methods =
        [
            .. study.Arms.Where(arm => !Reported(study, arm).Any(run => run.HasFinished()))
                .Select(arm => $"{arm.Label} has no finished run ({Reasons(study, arm)})."),
        ];
        return methods.Count == 0
            ? null
            : string.Join(" ", [.. methods, "Resume one of these runs, or start another study with different values."]);
    }

    private static string Reasons(StoredStudy study, StoredArm arm) =>
        string.Join("; ", study.Runs.Where(run => run.Method == arm.Method && !run.HasFinished()).Take(3).Select(Reason));

    private static IEnumerable<StudyRun> Reported(StoredStudy study, StoredArm arm) =>
        study.Runs.Where(run => run.Method == arm.Method && run.Stage == StudyStage.Reported);

    private static string Reason(StudyRun run) => $"run {run.RunId}: {run.WithoutResult()}";
}
