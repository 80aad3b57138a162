using LoraLab.Contracts.Live;

namespace LoraLab.Server.Storage;

/// <summary>Live events after a number.</summary>
/// <param name="Seq">Number of the last live event at the time of reading.</param>
/// <param name="Complete">False when the reader is ahead of the store or events in between were pruned: it needs a snapshot.</param>
/// <param name="Events">The events, oldest first; empty when not complete.</param>
internal sealed record EventPage(long Seq, bool Complete, IReadOnlyList<LiveEvent> Events);
