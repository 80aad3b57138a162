using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Templates;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>By what a plan's profile multiplies the paper's learning rates.</summary>
internal static class RateScale
{
    public static double Of(StudyPlan plan) => (double)(ScaleProfile.All.FirstOrDefault(profile => profile.Id == plan.Profile) ?? ScaleProfile.TinyLlama).RateFactor;
}
