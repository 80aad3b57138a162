using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>The claims of "Better Call LoRA" (Trifan and Popa) that a study can test.</summary>
internal static class PaperClaims
{
    public static IReadOnlyList<IPaperClaim> All { get; } =
    [
        new BestRatioClaim(),
        new EqualProductClaim(),
        new SwappedInitClaim(),
        new LoraXsMemoryClaim(),
        new PissaFasterClaim(),
        new FitsMemoryClaim(),
    ];

    public static IReadOnlyList<StudyClaim> Of(StudyEvidence evidence) => [.. All.Select(claim => Judge(claim, evidence))];

    private static StudyClaim Judge(IPaperClaim claim, StudyEvidence evidence)
    {
        ClaimFinding finding = claim.Descriptor.Metric is string key && evidence.Task.Metrics.All(metric => metric.Key != key)
            ? ClaimFinding.NotRun(
                $"the claim is about {MetricCatalog.Default.Of(key).Name}, which the task {evidence.Task.Id} does not measure.")
            : Forms(evidence) is { Count: > 1 } forms
                ? ClaimFinding.NotRun($"the runs differ in baseWeights ({string.Join(" and ", forms)}), which the claim is not about.")
                : claim.Judge(evidence);
        bool onPaper = finding.Runs.Count > 0 && finding.Runs.All(run => run.MatchesPaper);
        return new StudyClaim
        {
            Id = claim.Descriptor.Id,
            Statement = claim.Descriptor.Statement,
            Verdict = finding.Verdict,
            Finding = onPaper
                ? Capitalize(finding.Reading)
                : $"on {evidence.Study.Plan.Model}, {evidence.Study.Plan.Dataset}: {finding.Reading}",
            MatchesPaper = onPaper,
            Quantity = claim.Descriptor.Quantity,
            Margin = claim.Descriptor.Margin,
            MinimumEvidence = claim.Descriptor.MinimumEvidence,
            Evidence = finding.Evidence,
            Runs = [.. finding.Runs.Select(run => run.Id)],
        };
    }

    private static List<string> Forms(StudyEvidence evidence) =>
        [.. evidence.Runs.Select(run => run.Document).OfType<RunDocument>().Select(run => EnumWords.Of(run.Spec.BaseWeights)).Distinct()];

    private static string Capitalize(string sentence) => char.ToUpperInvariant(sentence[0]) + sentence[1..];
}
