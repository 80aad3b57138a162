using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.Studies;

/// <summary>How far a study is, from its runs.</summary>
/// <param name="Done">Runs that have ended.</param>
/// <param name="Planned">Runs in all, those of later stages included.</param>
/// <param name="Share">Share of the work in [0, 1]; runs that go on count by their steps.</param>
internal sealed record StudyProgress(int Done, int Planned, double Share)
{
    private const int Parts = 1000;

    internal static StudyProgress Of(StudyDocument study)
    {
        int done = study.Runs.Count(StudyAppearance.HasEnded);
        double going = study.Runs.Where(run => !StudyAppearance.HasEnded(run) && run.TotalSteps > 0).Sum(run => (double)run.Step / run.TotalSteps);
        return new StudyProgress(done, study.PlannedRuns, study.PlannedRuns == 0 ? 0 : Math.Clamp((done + going) / study.PlannedRuns, 0, 1));
    }

    /// <summary>The same as the strip takes it.</summary>
    internal RunProgress Strip => new() { Step = (int)(Share * Parts), TotalSteps = Parts, Phase = "training" };
}
