namespace LoraLab.Contracts.Compare;

/// <summary>Something that two runs must share for a paired test.</summary>
/// <param name="Name">What: <c>evaluation rows</c>, <c>prompt</c>, <c>label ids</c>, <c>base weights</c> or <c>tokenizer</c>.</param>
/// <param name="Same">Whether all runs share it; null: they do as far as is known, but a run has no fingerprint.</param>
/// <param name="Values">Its sha256 for each run by its id; null: not known.</param>
public sealed record CompareRequirement(string Name, bool? Same, IReadOnlyDictionary<string, string?> Values);
