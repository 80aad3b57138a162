namespace LoraLab.Contracts.Worker;

/// <summary>A file that a run reads, as it was when somebody looked: enough to tell whether it was written since.</summary>
/// <param name="Name">The name of what it belongs to and its own, for example <c>sst2/train.tsv</c>.</param>
/// <param name="Bytes">Its size; -1: it was not there.</param>
/// <param name="WrittenAt">Time of its last write.</param>
public sealed record FileSnapshot(string Name, long Bytes, DateTimeOffset WrittenAt);
