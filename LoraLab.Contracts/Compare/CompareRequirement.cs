namespace LoraLab.Contracts.Compare;

/// <summary>A property that two runs must share for a paired test.</summary>
/// <param name="Name">One of <c>evaluation rows</c>, <c>prompt</c>, <c>label ids</c>, <c>base weights</c> or <c>tokenizer</c>.</param>
/// <param name="Same">Whether all runs share it; null: no difference is known, but a run has no fingerprint.</param>
/// <param name="Values">SHA-256 by run id; null: unknown.</param>
public sealed record CompareRequirement(string Name, bool? Same, IReadOnlyDictionary<string, string?> Values);
