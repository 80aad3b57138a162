using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>
/// Knows how a study or a sweep goes on. A step follows from what is stored and from nothing else, so that it can be computed again at any
/// moment, after a crash too: what it asks for twice is done once.
/// </summary>
internal interface IExperimentDriver
{
    ExperimentKind Kind { get; }

    /// <summary>What is to be done now; a step that changes nothing when there is nothing to do.</summary>
    /// <param name="plan">As it is stored.</param>
    /// <param name="runs">Its runs that there are, by <see cref="RequestedRun.Key"/>. One that was deleted is not among them.</param>
    /// <param name="series">Their points.</param>
    /// <param name="now">The time, for dates in the document only.</param>
    ExperimentStep Next(StoredExperiment plan, IReadOnlyDictionary<string, RunDocument> runs, IRunSeries series, DateTimeOffset now);

    /// <summary>A run that the plan asked for is refused for what it is: the plan ends with the sentence.</summary>
    StoredExperiment Fail(StoredExperiment plan, string sentence, DateTimeOffset now);
}
