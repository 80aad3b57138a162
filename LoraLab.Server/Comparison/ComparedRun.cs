using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Comparison;

/// <summary>A run with what its directory says about it.</summary>
/// <param name="Document">The run.</param>
/// <param name="Fingerprint">What it computed with; null: missing or unreadable.</param>
/// <param name="Evaluations">Evaluations so far.</param>
/// <param name="Predictions">Predictions of its last evaluation; null: not completed, missing or unreadable.</param>
internal sealed record ComparedRun(RunDocument Document, RunFingerprint? Fingerprint, int Evaluations, IReadOnlyList<Prediction>? Predictions)
{
    public string Id => Document.Id;

    public bool Completed => Document.State == RunState.Completed;

    /// <summary>Runs of the same seed drew the same initial values and consumed the sentences in the same order.</summary>
    public (long Seed, long? OrderSeed) Seed => (Document.Spec.Seed, Document.Spec.OrderSeed);

    public RunEnvironment? Environment => Fingerprint?.Environment ?? Document.Attempts.LastOrDefault()?.Environment;
}
