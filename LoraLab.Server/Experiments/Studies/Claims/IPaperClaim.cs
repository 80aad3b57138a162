using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>A sentence of the paper that can be tested.</summary>
internal interface IPaperClaim
{
    ClaimDescriptor Descriptor { get; }

    ClaimFinding Judge(StudyEvidence evidence);
}
