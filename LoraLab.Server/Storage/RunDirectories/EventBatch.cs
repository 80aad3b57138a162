using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>What an attempt's file has grown by.</summary>
/// <param name="Events">Whole events, in order.</param>
/// <param name="Unreadable">Whole lines that are not events, shortened.</param>
/// <param name="End">Offset behind them.</param>
/// <param name="More">There is more to read at once.</param>
/// <param name="Skipping">The batch ends within a line that is too long to be an event.</param>
internal sealed record EventBatch(IReadOnlyList<WorkerEvent> Events, IReadOnlyList<string> Unreadable, long End, bool More, bool Skipping);
