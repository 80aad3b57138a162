using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>A study as it is stored: the plan, what was decided, and what is known of its runs, so that one that is deleted is not forgotten.</summary>
internal sealed record StoredStudy
{
    public required StudyPlan Plan { get; init; }

    /// <summary>One for each method of the plan, in its order.</summary>
    public required IReadOnlyList<StoredArm> Arms { get; init; }

    /// <summary>What was worth saying when it was created.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>In the order of creation.</summary>
    public IReadOnlyList<TrackedRun> Runs { get; init; } = [];

    public bool Cancelled { get; init; }

    /// <summary>The runs that lived when it was cancelled have been told. One that somebody resumes afterwards is left alone.</summary>
    public bool Stopped { get; init; }

    /// <summary>Why a run that it asked for was refused; it goes no further.</summary>
    public string? Refused { get; init; }

    public StudyState State { get; init; }

    public string? Error { get; init; }

    public DateTimeOffset? EndedAt { get; init; }
}
