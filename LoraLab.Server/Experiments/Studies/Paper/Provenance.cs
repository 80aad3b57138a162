using System.Reflection;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Paper;

/// <summary>The provenance of all numbers: <c>provenance.json</c>.</summary>
internal sealed record Provenance
{
    /// <summary>Version of this document's shape.</summary>
    public int SchemaVersion { get; init; } = 1;

    public required string StudyId { get; init; }

    public required string Name { get; init; }

    public StudyState State { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public required StudyPlan Plan { get; init; }

    /// <summary>Version of the server that wrote the files.</summary>
    public required string Version { get; init; }

    /// <summary>Commit of that version; null: unknown.</summary>
    public string? Commit { get; init; }

    public required IReadOnlyList<ProvenanceRun> Runs { get; init; }

    public static Provenance Of(StudyEvidence evidence)
    {
        string[] version = (typeof(Provenance).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? "0.0.0").Split('+');
        HashSet<string> counted =
            [.. evidence.Reported.Concat(evidence.Selection).SelectMany(group => group.Counted).Select(run => run.Id)];
        return new Provenance
        {
            StudyId = evidence.Study.Id,
            Name = evidence.Study.Name,
            State = evidence.Study.State,
            CreatedAt = evidence.Study.CreatedAt,
            EndedAt = evidence.Study.EndedAt,
            Plan = evidence.Study.Plan,
            Version = version[0],
            Commit = version.ElementAtOrDefault(1),
            Runs =
            [
                .. evidence.Runs.Select(run => new ProvenanceRun(
                    run.Id,
                    run.Run.Method,
                    run.Run.Stage,
                    run.Run.Settings,
                    run.Run.Seed,
                    counted.Contains(run.Id),
                    counted.Contains(run.Id) ? null : run.Counts ? StudyGroup.Repeated : run.ExclusionReason(),
                    run.Document?.Spec,
                    run.Fingerprint,
                    run.Environment)),
            ],
        };
    }
}
