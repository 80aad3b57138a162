using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>What a submission with an <c>Idempotency-Key</c> is to be answered.</summary>
/// <param name="Key">The key.</param>
/// <param name="BodyHash">Of what was sent.</param>
/// <param name="Body">Makes the answer of the stored plan and what else is stored.</param>
internal sealed record ExperimentResponse(string Key, string BodyHash, Func<StoredExperiment, IStoreReader, string> Body);
