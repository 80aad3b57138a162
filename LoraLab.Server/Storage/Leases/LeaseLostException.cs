namespace LoraLab.Server.Storage.Leases;

/// <summary>This node no longer executes a run: another one continues it, or will.</summary>
/// <param name="runId">The run.</param>
internal sealed class LeaseLostException(string runId)
    : Exception($"This node's lease of run {runId} has ended; another node continues the run from its last checkpoint.");
