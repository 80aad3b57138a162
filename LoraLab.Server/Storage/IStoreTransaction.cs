using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Sees its own writes; nobody else does before the end. Writes only what the transaction's scope has.</summary>
internal interface IStoreTransaction : IStoreReader, IRunSeries
{
    /// <summary>The time of the transaction: not before that of any that was taken before it, unless the clock was set back.</summary>
    DateTimeOffset Now { get; }

    void SetPaused(bool paused);

    void Put(StoredRun run);

    /// <summary>Writes a study or sweep, and tells that it changed.</summary>
    void PutExperiment(StoredExperiment experiment);

    /// <summary>Removes the run and its points.</summary>
    void Remove(string runId);

    void AddPoints(string runId, IReadOnlyList<MetricPoint> points);

    /// <summary>Adds a live event; it is numbered and told to subscribers when the transaction ends.</summary>
    void Emit<T>(string? runId, string type, T data);

    /// <summary>The usual event after <see cref="Put"/>: the run's document with its place in the queue.</summary>
    void EmitState(RunDocument document);

    void PutResponse(StoredResponse response);
}
