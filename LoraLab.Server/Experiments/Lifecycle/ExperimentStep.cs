using LoraLab.Server.Domain;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>What a plan asks for; all of it happens in one transaction.</summary>
/// <param name="Plan">The plan as it is from now on.</param>
internal sealed record ExperimentStep(StoredExperiment Plan)
{
    /// <summary>Runs to create.</summary>
    public IReadOnlyList<RequestedRun> Runs { get; init; } = [];

    /// <summary>Runs to stop, their checkpoints kept.</summary>
    public IReadOnlyList<RequestedStop> Stops { get; init; } = [];

    /// <summary>Ended runs that go on from their checkpoints; those that cannot are left alone.</summary>
    public IReadOnlyList<string> Resumes { get; init; } = [];
}
