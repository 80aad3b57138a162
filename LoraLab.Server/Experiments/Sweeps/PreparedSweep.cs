using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Sweeps.Space;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>A plan that was checked, with everything that follows from it before a run is created.</summary>
/// <param name="Plan">With everything that was left out filled in.</param>
/// <param name="Space">Its space.</param>
/// <param name="Points">All its points; with TPE those that are drawn before it learns.</param>
/// <param name="Runs">How many runs it makes.</param>
/// <param name="Excluded">Combinations of a grid that the constraints leave out.</param>
/// <param name="First">The specification of its first run with defaults filled in.</param>
/// <param name="TotalSteps">Steps of that run.</param>
/// <param name="EvalRows">Rows of its evaluation.</param>
/// <param name="Rungs">Steps at which runs are halved.</param>
/// <param name="Warnings">Things worth knowing.</param>
internal sealed record PreparedSweep(
    SweepPlan Plan,
    SearchSpace Space,
    IReadOnlyList<double[]> Points,
    int Runs,
    int Excluded,
    RunSpec First,
    int TotalSteps,
    int EvalRows,
    IReadOnlyList<int> Rungs,
    IReadOnlyList<string> Warnings);
