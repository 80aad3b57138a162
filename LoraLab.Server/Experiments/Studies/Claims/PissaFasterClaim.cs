using LoraLab.Contracts.Metrics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>The claim "PiSSA converges faster than LoRA".</summary>
internal sealed class PissaFasterClaim : IPaperClaim
{
    public ClaimDescriptor Descriptor { get; } = new(
        "pissa-faster",
        "PiSSA converges faster than LoRA.",
        AreaComparison.Quantity,
        AreaComparison.MarginText,
        AreaComparison.MinimumText)
    {
        Metric = MetricKeys.EvalAccuracy,
    };

    public ClaimFinding Judge(StudyEvidence evidence) => AreaComparison.Of(evidence, "pissa");
}
