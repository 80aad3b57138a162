using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Templates;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>The factor by which a plan's profile scales the paper's learning rates.</summary>
internal static class RateScale
{
    public static double Of(StudyPlan plan) =>
        (double)(ScaleProfile.All.FirstOrDefault(profile => profile.Id == plan.Profile) ?? ScaleProfile.TinyLlama).RateFactor;
}
