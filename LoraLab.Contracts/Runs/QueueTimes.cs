namespace LoraLab.Contracts.Runs;

/// <summary>When a queued run is likely to start and end, UTC; null: not known.</summary>
/// <param name="StartsAt">Start.</param>
/// <param name="EndsAt">End.</param>
public sealed record QueueTimes(DateTimeOffset? StartsAt, DateTimeOffset? EndsAt);
