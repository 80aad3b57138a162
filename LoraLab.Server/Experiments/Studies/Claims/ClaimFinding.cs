using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>The verdict on a claim, without the model and dataset it was found on.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Reading">One or two sentences with the numbers; starts with a lowercase letter.</param>
/// <param name="Evidence">The numbers.</param>
/// <param name="Runs">The runs it is based on.</param>
internal sealed record ClaimFinding(
    ClaimVerdict Verdict, string Reading, IReadOnlyList<ClaimEvidence> Evidence, IReadOnlyList<EvidenceRun> Runs)
{
    public static ClaimFinding NotRun(string reading) => new(ClaimVerdict.NotRun, reading, [], []);
}
