namespace LoraLab.Server.Workers;

/// <summary>The store no longer has events that it had: its database crashed before it wrote the last ones.</summary>
/// <param name="runId">The run.</param>
internal sealed class StoreWentBackException(string runId) : Exception($"The store has lost the last events of run {runId}.");
