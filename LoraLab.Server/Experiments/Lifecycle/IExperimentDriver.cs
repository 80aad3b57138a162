using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>
/// Computes the steps of studies or of sweeps. A step depends on stored state only, so that it can be recomputed at any time, also after a
/// crash: what is requested twice is done once.
/// </summary>
internal interface IExperimentDriver
{
    ExperimentKind Kind { get; }

    /// <summary>The next step; one without changes if there is nothing to do.</summary>
    /// <param name="experiment">The stored experiment.</param>
    /// <param name="runs">Its existing runs by <see cref="RequestedRun.Key"/>; deleted runs are absent.</param>
    /// <param name="series">The metric series of the runs.</param>
    /// <param name="now">The time, used for dates in the document only.</param>
    ExperimentStep Next(StoredExperiment experiment, IReadOnlyDictionary<string, RunDocument> runs, IRunSeries series, DateTimeOffset now);

    /// <summary>The experiment as failed, because a run that it requested was rejected.</summary>
    StoredExperiment Fail(StoredExperiment experiment, string message, DateTimeOffset now);
}
