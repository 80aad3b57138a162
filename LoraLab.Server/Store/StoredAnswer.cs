namespace LoraLab.Server.Store;

/// <summary>What a submission with an <c>Idempotency-Key</c> was answered.</summary>
internal sealed record StoredAnswer(string Key, string BodyHash, string RunId, string Body, DateTimeOffset At);
