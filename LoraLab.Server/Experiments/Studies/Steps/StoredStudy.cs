using System.Text.Json.Serialization;
using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>A study as stored: plan, decisions, and the results of its runs, which outlive deleted runs.</summary>
internal sealed record StoredStudy
{
    public required StudyPlan Plan { get; init; }

    /// <summary>One arm per method of the plan, in its order.</summary>
    public required IReadOnlyList<StoredArm> Arms { get; init; }

    /// <summary>Warnings from its creation.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>In the order of creation.</summary>
    [JsonConverter(typeof(StoredRunsConverter))]
    public IReadOnlyList<StudyRun> Runs { get; init; } = [];

    public bool Cancelled { get; init; }

    /// <summary>Whether its runs were stopped after it was cancelled. A run that a user resumes afterwards is left alone.</summary>
    public bool Stopped { get; init; }

    /// <summary>Why a required run was rejected, which ends the study; null otherwise.</summary>
    public string? Refused { get; init; }

    public StudyState State { get; init; }

    public string? Error { get; init; }

    public DateTimeOffset? EndedAt { get; init; }
}
