using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Comparison;

/// <summary>A run with the files of its directory that a comparison needs.</summary>
/// <param name="Document">The run document.</param>
/// <param name="Fingerprint">Its fingerprint; null: missing or unreadable.</param>
/// <param name="Evaluations">Number of evaluations so far.</param>
/// <param name="Predictions">Predictions of its last evaluation; null: not completed, missing or unreadable.</param>
internal sealed record ComparedRun(
    RunDocument Document, RunFingerprint? Fingerprint, int Evaluations, IReadOnlyList<Prediction>? Predictions)
{
    public string Id => Document.Id;

    /// <summary>The metric by which the run is compared.</summary>
    public MetricDescriptor Metric => TaskDescriptors.Of(Document.Task, Document.Metric).Primary;

    public bool Completed => Document.State == RunState.Completed;

    /// <summary>The seeds; runs with equal seeds have the same initial values and data order.</summary>
    public (long Seed, long? OrderSeed) Seed => (Document.Spec.Seed, Document.Spec.OrderSeed);

    /// <summary>Optimizer steps of training.</summary>
    public int Steps => Document.Progress.Step > 0 ? Document.Progress.Step : Fingerprint?.Training.Steps ?? 0;

    public RunEnvironment? Environment => Fingerprint?.Environment ?? Document.Attempts.LastOrDefault()?.Environment;
}
