using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Comparison;

/// <summary>A property that two runs must share for a paired test on the same rows.</summary>
/// <param name="Name">Name of the property.</param>
/// <param name="Read">Reads its hash.</param>
internal sealed record Requirement(string Name, Func<RunFingerprint, string> Read)
{
    public static IReadOnlyList<Requirement> All { get; } =
    [
        new("evaluation rows", fingerprint => fingerprint.Evaluation.Sha256),
        new("prompt", fingerprint => fingerprint.Prompt.Sha256),
        new("label ids", fingerprint => fingerprint.Prompt.LabelIdsSha256),
        new("base weights", fingerprint => fingerprint.Model.WeightsSha256),
        new("tokenizer", fingerprint => fingerprint.Model.TokenizerSha256),
    ];

    /// <summary>Names of the requirements that these runs do not share.</summary>
    public static IReadOnlyList<string> Unmet(IReadOnlyCollection<RunFingerprint> fingerprints) =>
        [.. All.Where(requirement => fingerprints.Select(requirement.Read).Distinct().Count() > 1).Select(requirement => requirement.Name)];

    /// <summary>All requirements, evaluated over all runs.</summary>
    public static IReadOnlyList<CompareRequirement> Over(IReadOnlyList<ComparedRun> runs) =>
        [.. All.Select(requirement => requirement.Of(runs))];

    private CompareRequirement Of(IReadOnlyList<ComparedRun> runs)
    {
        Dictionary<string, string?> values =
            runs.ToDictionary(run => run.Id, run => run.Fingerprint is null ? null : Read(run.Fingerprint));
        bool differ = values.Values.OfType<string>().Distinct().Count() > 1;
        return new CompareRequirement(Name, differ ? false : values.Values.Contains(null) ? null : true, values);
    }
}
