using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>Whether a study has ended, and how. A run that somebody resumes opens it again.</summary>
internal static class StudyEnd
{
    /// <param name="study">The study.</param>
    /// <param name="anyMissing">It is about to create runs.</param>
    /// <param name="now">The time.</param>
    public static StoredStudy Apply(StoredStudy study, bool anyMissing, DateTimeOffset now)
    {
        bool lives = anyMissing || study.Runs.Any(run => !run.Ended);
        string? error = study.Refused is { } refused ? $"A run that it needs is refused: {refused}" : lives ? null : WithoutResult(study);
        StudyState state = study.Cancelled ? StudyState.Cancelled
            : study.Refused is not null ? StudyState.Failed
            : lives ? StudyState.Running
            : error is null ? StudyState.Completed
            : StudyState.Failed;
        return study with
        {
            State = state,
            Error = state == StudyState.Failed ? error : null,
            EndedAt = lives ? null : study.EndedAt ?? now,
        };
    }

    /// <summary>The methods that have no result, with what became of their runs; null: every method has one.</summary>
    private static string? WithoutResult(StoredStudy study)
    {
        List<string> methods =
        [
            .. study.Arms.Where(arm => !Reported(study, arm).Any(run => run.Finished))
                .Select(arm => $"{arm.Label} has no run that finished ({string.Join("; ", study.Runs.Where(run => run.Wanted.Method == arm.Method && !run.Finished).Take(3).Select(Why))})."),
        ];
        return methods.Count == 0 ? null : string.Join(" ", [.. methods, "Resume such a run, or start another study with other values."]);
    }

    private static IEnumerable<TrackedRun> Reported(StoredStudy study, StoredArm arm) =>
        study.Runs.Where(run => run.Wanted.Method == arm.Method && run.Wanted.Stage == StudyStage.Reported);

    private static string Why(TrackedRun run) => $"run {run.RunId}: {run.Error?.TrimEnd('.') ?? "it has no accuracy that is a number"}";
}
