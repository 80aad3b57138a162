namespace LoraLab.Contracts.Worker;

/// <summary>Size and time of an input file, used to detect changes between submission and training.</summary>
/// <param name="Name">Name of its folder and of the file, for example <c>sst2/train.tsv</c>.</param>
/// <param name="Bytes">Size; -1: the file does not exist.</param>
/// <param name="WrittenAt">Time of the last write.</param>
public sealed record FileSnapshot(string Name, long Bytes, DateTimeOffset WrittenAt);
