using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>A testable claim of the paper.</summary>
internal interface IPaperClaim
{
    ClaimDescriptor Descriptor { get; }

    ClaimFinding Judge(StudyEvidence evidence);
}
