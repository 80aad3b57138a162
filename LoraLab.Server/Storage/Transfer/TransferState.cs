namespace LoraLab.Server.Storage.Transfer;

/// <summary>The state of a store beside its documents.</summary>
/// <param name="Seq">Number of the last live event.</param>
/// <param name="Paused">Whether the queue is paused.</param>
internal sealed record TransferState(long Seq, bool Paused);
