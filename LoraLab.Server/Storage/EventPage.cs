using LoraLab.Contracts.Live;

namespace LoraLab.Server.Storage;

/// <summary>Events after a point.</summary>
/// <param name="Seq">The counter when they were read.</param>
/// <param name="Complete">False when the reader is ahead of the store or events in between were dropped: it needs a snapshot.</param>
/// <param name="Events">The events, oldest first; empty when not complete.</param>
internal sealed record EventPage(long Seq, bool Complete, IReadOnlyList<LiveEvent> Events);
