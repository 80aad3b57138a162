using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Sweeps.Space;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>A validated plan with everything derived from it before a run is created.</summary>
/// <param name="Plan">The plan with its defaults filled in.</param>
/// <param name="Space">Its search space.</param>
/// <param name="Points">All its points; with TPE the random startup points.</param>
/// <param name="Runs">Number of runs.</param>
/// <param name="Excluded">Combinations of a grid that the constraints exclude.</param>
/// <param name="First">The specification of the first run with defaults filled in.</param>
/// <param name="TotalSteps">Steps of the first run.</param>
/// <param name="TrainRows">Training rows of the first run, without those that are too long and dropped.</param>
/// <param name="EvalRows">Evaluation rows of the first run.</param>
/// <param name="Rungs">Steps at which successive halving decides.</param>
/// <param name="Warnings">Warnings about the plan.</param>
internal sealed record PreparedSweep(
    SweepPlan Plan,
    SearchSpace Space,
    IReadOnlyList<double[]> Points,
    int Runs,
    int Excluded,
    RunSpec First,
    int TotalSteps,
    int TrainRows,
    int EvalRows,
    IReadOnlyList<int> Rungs,
    IReadOnlyList<string> Warnings);
