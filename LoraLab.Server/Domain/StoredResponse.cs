namespace LoraLab.Server.Domain;

/// <summary>What a submission with an <c>Idempotency-Key</c> was answered.</summary>
/// <param name="Key">The key.</param>
/// <param name="BodyHash">Of what was sent.</param>
/// <param name="RunId">The run, or the plan, that came of it.</param>
/// <param name="Body">What was answered.</param>
/// <param name="At">When.</param>
/// <param name="OfPlan">It was a study or a sweep.</param>
internal sealed record StoredResponse(string Key, string BodyHash, string RunId, string Body, DateTimeOffset At, bool OfPlan = false);
