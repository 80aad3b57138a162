using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>A transaction in progress. It sees its own writes, others only after the commit; writes outside its scope throw.</summary>
internal interface IStoreTransaction : IStoreReader, IRunSeries
{
    /// <summary>Time of the transaction: not before that of any earlier one, unless the clock was set back.</summary>
    DateTimeOffset Now { get; }

    void SetPaused(bool paused);

    /// <summary>
    /// Takes the next queued run for a lane, which the caller then writes as claimed; null: there is none, or the queue is paused.
    /// </summary>
    StoredRun? TakeNext(Lane lane);

    void Put(StoredRun run);

    /// <summary>Writes a study or sweep, and emits the event that it changed.</summary>
    void PutExperiment(StoredExperiment experiment);

    /// <summary>Removes a study or sweep, and emits the event that it was deleted. Its runs are the caller's.</summary>
    void RemoveExperiment(string experimentId);

    /// <summary>Removes the run and its points.</summary>
    void Remove(string runId);

    void AddPoints(string runId, IReadOnlyList<MetricPoint> points);

    /// <summary>Adds a live event; it is numbered and published on commit.</summary>
    void Emit<T>(string? runId, string type, T data);

    /// <summary>The usual event after <see cref="Put"/>: the run's document with its queue position.</summary>
    void EmitState(RunDocument document);

    void PutResponse(StoredResponse response);
}
