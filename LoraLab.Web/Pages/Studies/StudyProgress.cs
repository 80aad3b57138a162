using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.Studies;

/// <summary>Progress of a study, computed from its runs.</summary>
/// <param name="Done">Runs that have ended.</param>
/// <param name="Planned">Total runs, including those of later stages.</param>
/// <param name="Fraction">Completed fraction in [0, 1]; running runs count by their steps.</param>
internal sealed record StudyProgress(int Done, int Planned, double Fraction)
{
    private const int Resolution = 1000;

    /// <summary>The progress in the form that <c>ProgressStrip</c> takes.</summary>
    internal RunProgress Strip => new() { Step = (int)(Fraction * Resolution), TotalSteps = Resolution, Phase = "training" };

    internal static StudyProgress From(StudyDocument study)
    {
        int done = study.Runs.Count(StudyAppearance.HasEnded);
        double partial = study.Runs.Where(run => !StudyAppearance.HasEnded(run) && run.TotalSteps > 0)
            .Sum(run => (double)run.Step / run.TotalSteps);
        return new StudyProgress(
            done, study.PlannedRuns, study.PlannedRuns == 0 ? 0 : Math.Clamp((done + partial) / study.PlannedRuns, 0, 1));
    }
}
