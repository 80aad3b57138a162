using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>The response to a submission with an <c>Idempotency-Key</c>, stored with the experiment that it creates.</summary>
/// <param name="Key">The key.</param>
/// <param name="BodyHash">Hash of the request body.</param>
/// <param name="Body">Creates the response body from the stored experiment.</param>
internal sealed record ExperimentResponse(string Key, string BodyHash, Func<StoredExperiment, IStoreReader, string> Body);
