using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Plans;

/// <summary>What a submission with an <c>Idempotency-Key</c> is to be answered.</summary>
/// <param name="Key">The key.</param>
/// <param name="BodyHash">Of what was sent.</param>
/// <param name="Body">Makes the answer of the stored plan and what else is stored.</param>
internal sealed record PlanAnswer(string Key, string BodyHash, Func<StoredPlan, IRunQueries, string> Body);
