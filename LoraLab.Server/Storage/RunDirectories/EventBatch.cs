using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>New content of an attempt's event file.</summary>
/// <param name="Events">Complete events, in order.</param>
/// <param name="Unreadable">Complete lines that are not events, truncated.</param>
/// <param name="End">Offset after them.</param>
/// <param name="More">Whether more can be read immediately.</param>
/// <param name="Skipping">Whether the batch ends within a line that is too long to be an event.</param>
internal sealed record EventBatch(IReadOnlyList<WorkerEvent> Events, IReadOnlyList<string> Unreadable, long End, bool More, bool Skipping);
