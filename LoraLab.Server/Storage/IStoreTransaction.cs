using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Sees its own writes; nobody else does before the end.</summary>
internal interface IStoreTransaction
{
    IEnumerable<StoredRun> Runs { get; }

    bool Paused { get; set; }

    StoredRun? Find(string runId);

    void Put(StoredRun run);

    IEnumerable<StoredPlan> Plans { get; }

    StoredPlan? FindPlan(string planId);

    /// <summary>Writes a study or sweep, and tells that it changed.</summary>
    void PutPlan(StoredPlan plan);

    /// <summary>Removes the run and its points.</summary>
    void Remove(string runId);

    void AddPoints(string runId, IReadOnlyList<MetricPoint> points);

    /// <summary>Adds a live event; it is numbered and told to subscribers when the transaction ends.</summary>
    void Emit<T>(string? runId, string type, T data);

    /// <summary>The usual event after <see cref="Put"/>: the run's document with its place in the queue.</summary>
    void EmitState(RunDocument document);

    void PutAnswer(StoredAnswer answer);
}
