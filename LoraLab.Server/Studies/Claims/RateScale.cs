using LoraLab.Contracts.Studies;

namespace LoraLab.Server.Studies.Claims;

/// <summary>By what a plan's profile multiplies the paper's learning rates.</summary>
internal static class RateScale
{
    /// <summary>The rates of the profile for models of toy size.</summary>
    private const double Toy = 20;

    public static double Of(StudyPlan plan) => plan.Profile == "toy" ? Toy : 1;
}
