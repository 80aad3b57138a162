using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>What the runs say of a claim, without where they say it.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Reading">One sentence or two, with figures; begins with a small letter.</param>
/// <param name="Evidence">The figures.</param>
/// <param name="Runs">Runs that were read.</param>
internal sealed record ClaimFinding(ClaimVerdict Verdict, string Reading, IReadOnlyList<ClaimEvidence> Evidence, IReadOnlyList<EvidenceRun> Runs)
{
    public static ClaimFinding NotRun(string reading) => new(ClaimVerdict.NotRun, reading, [], []);
}
