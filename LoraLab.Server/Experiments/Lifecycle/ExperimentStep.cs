using LoraLab.Server.Domain;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>The next changes of an experiment, applied in one transaction.</summary>
/// <param name="Experiment">The experiment after the step.</param>
internal sealed record ExperimentStep(StoredExperiment Experiment)
{
    /// <summary>Runs to create.</summary>
    public IReadOnlyList<RequestedRun> Runs { get; init; } = [];

    /// <summary>Runs to stop, keeping their checkpoints.</summary>
    public IReadOnlyList<RequestedStop> Stops { get; init; } = [];

    /// <summary>Ids of ended runs to resume from their checkpoints; runs that cannot be resumed are skipped.</summary>
    public IReadOnlyList<string> Resumes { get; init; } = [];
}
