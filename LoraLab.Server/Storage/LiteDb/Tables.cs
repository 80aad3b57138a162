using System.Text.Json;
using LiteDB;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using JsonSerializer = System.Text.Json.JsonSerializer;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>Reads and writes the collections of an open database. Used inside the store's lock only.</summary>
internal sealed class Tables : IDisposable
{
    public const string Meta = "meta";
    public const string Runs = "runs";
    public const string Experiments = "plans";
    public const string Points = "points";
    public const string Events = "events";
    public const string Responses = "answers";

    private const int RetainedEvents = 10_000;
    private const int PruneEvery = 1_000;
    private const int RetainedResponses = 1_000;
    private static readonly TimeSpan ResponseRetention = TimeSpan.FromDays(7);

    private readonly DatabaseFile file;
    private readonly ILiteCollection<BsonDocument> meta;
    private readonly ILiteCollection<BsonDocument> runs;
    private readonly ILiteCollection<BsonDocument> experiments;
    private readonly ILiteCollection<BsonDocument> events;
    private readonly ILiteCollection<BsonDocument> responses;

    public Tables(DatabaseFile file)
    {
        this.file = file;
        meta = file.Engine.GetCollection(Meta);
        runs = file.Engine.GetCollection(Runs);
        experiments = file.Engine.GetCollection(Experiments);
        events = file.Engine.GetCollection(Events);
        responses = file.Engine.GetCollection(Responses);
        Chunks = new MetricChunks(file.Engine.GetCollection(Points));
        Index(Points);
        Index(Events);
        Seq = meta.FindById("seq")?["value"].AsInt64 ?? 0;
        Paused = meta.FindById("paused")?["value"].AsBoolean;
        OldestEvent = events.Count() == 0 ? Seq + 1 : events.Min().AsInt64;
    }

    public MetricChunks Chunks { get; }

    public long Seq { get; private set; }

    /// <summary>Null: never set.</summary>
    public bool? Paused { get; private set; }

    public long OldestEvent { get; private set; }

    public static StoredRun ReadRun(BsonDocument document) =>
        JsonSerializer.Deserialize<StoredRun>(document["json"].AsString, ContractJson.Options)!;

    public IEnumerable<StoredRun> AllRuns() => runs.FindAll().Select(ReadRun);

    public static StoredExperiment ReadExperiment(BsonDocument document) =>
        JsonSerializer.Deserialize<StoredExperiment>(document["json"].AsString, ContractJson.Options)!;

    public IEnumerable<StoredExperiment> AllExperiments() => experiments.FindAll().Select(ReadExperiment);

    public StoredResponse? FindResponse(string key) => responses.FindById(key) is { } found
        ? JsonSerializer.Deserialize<StoredResponse>(found["json"].AsString, ContractJson.Options)
        : null;

    public IReadOnlyList<StoredResponse> AllResponses() => [.. responses.FindAll().Select(found => JsonSerializer.Deserialize<StoredResponse>(found["json"].AsString, ContractJson.Options)!)];

    public IReadOnlyList<LiveEvent> EventsAfter(long seq, string? runId = null)
    {
        BsonExpression later = Query.GT("_id", seq);
        IEnumerable<BsonDocument> found = runId is null
            ? events.Find(later)
            : events.Find(Query.EQ("run", runId)).Where(item => item["_id"].AsInt64 > seq);
        return [.. found.OrderBy(item => item["_id"].AsInt64).Select(ReadEvent)];
    }

    /// <summary>Writes everything; if it throws, a <see cref="Rollback"/> removes all effects.</summary>
    public void Commit(StagedTransaction staged, IReadOnlyList<LiveEvent> numbered)
    {
        long oldest = OldestEvent;
        file.Engine.BeginTrans();
        WriteRuns(staged);
        foreach (StoredExperiment experiment in staged.ChangedExperiments.Values)
        {
            string json = JsonSerializer.Serialize(experiment, ContractJson.Options);
            experiments.Upsert(new BsonDocument { ["_id"] = experiment.Id, ["json"] = json, ["sum"] = Checksum.Of(json) });
        }

        foreach (StoredResponse response in staged.Responses)
        {
            string json = JsonSerializer.Serialize(response, ContractJson.Options);
            responses.Upsert(new BsonDocument { ["_id"] = response.Key, ["at"] = response.At.ToUnixTimeMilliseconds(), ["json"] = json, ["sum"] = Checksum.Of(json) });
        }

        if (staged.Paused != (Paused ?? false))
        {
            meta.Upsert(new BsonDocument { ["_id"] = "paused", ["value"] = staged.Paused });
        }

        if (numbered.Count > 0)
        {
            oldest = WriteEvents(numbered);
        }

        file.Engine.Commit();
        Seq = numbered.Count > 0 ? numbered[^1].Seq : Seq;
        Paused = staged.Paused;
        OldestEvent = oldest;
    }

    public void Rollback()
    {
        file.Engine.Rollback();
        Chunks.ClearTails();
    }

    /// <summary>Sets the event counter: earlier numbers were issued by a database that is lost.</summary>
    public void StartAt(long seq, bool paused)
    {
        meta.Upsert([new BsonDocument { ["_id"] = "seq", ["value"] = seq }, new BsonDocument { ["_id"] = "paused", ["value"] = paused }]);
        events.DeleteAll();
        (Seq, Paused, OldestEvent) = (seq, paused, seq + 1);
    }

    /// <summary>Deletes old responses, but never the latest ones: a leap of the clock must not let a submission be repeated.</summary>
    public void PruneResponses(DateTimeOffset now)
    {
        List<BsonDocument> old = [.. responses.FindAll().OrderByDescending(response => JsonSerializer.Deserialize<StoredResponse>(response["json"].AsString, ContractJson.Options)!.CreatedId, StringComparer.Ordinal)
            .Skip(RetainedResponses).Where(response => response["at"].AsInt64 < (now - ResponseRetention).ToUnixTimeMilliseconds())];
        foreach (BsonDocument response in old)
        {
            responses.Delete(response["_id"]);
        }
    }

    public void Checkpoint() => file.Engine.Checkpoint();

    public void Dispose() => file.Dispose();

    /// <summary>
    /// Creates the index together with the collection. An existing collection has it: ensuring it again would make LiteDB checkpoint a
    /// long log, which fails on a full disk, and the data could not be read.
    /// </summary>
    private void Index(string collection)
    {
        if (!file.Engine.CollectionExists(collection))
        {
            file.Engine.GetCollection(collection).EnsureIndex("run");
        }
    }

    private void WriteRuns(StagedTransaction staged)
    {
        foreach ((string id, StoredRun? run) in staged.Changed)
        {
            if (run is null)
            {
                runs.Delete(id);
                Chunks.Remove(id);
            }
            else
            {
                string json = JsonSerializer.Serialize(run, ContractJson.Options);
                runs.Upsert(new BsonDocument { ["_id"] = id, ["state"] = run.Document.State.ToString(), ["json"] = json, ["sum"] = Checksum.Of(json) });
            }
        }

        foreach ((string id, List<MetricPoint> points) in staged.Points)
        {
            Chunks.Append(id, points);
        }

        foreach (string ended in staged.Changed.Where(change => change.Value is { } run && run.Document.State.IsTerminal()).Select(change => change.Key))
        {
            Chunks.Release(ended);
        }
    }

    private long WriteEvents(IReadOnlyList<LiveEvent> numbered)
    {
        events.Insert(numbered.Select(WriteEvent));
        long last = numbered[^1].Seq;
        meta.Upsert(new BsonDocument { ["_id"] = "seq", ["value"] = last });
        if (last - OldestEvent < RetainedEvents + PruneEvery)
        {
            return OldestEvent;
        }

        events.DeleteMany(Query.LT("_id", last - RetainedEvents));
        return last - RetainedEvents;
    }

    private static BsonDocument WriteEvent(LiveEvent live) => new()
    {
        ["_id"] = live.Seq,
        ["run"] = live.RunId,
        ["type"] = live.Type,
        ["at"] = live.At.ToUnixTimeMilliseconds(),
        // The queue is long and only its latest state matters: it is read again on replay.
        ["data"] = live.Type == LiveEventTypes.QueueChanged ? "{}" : live.Data.GetRawText(),
    };

    private static LiveEvent ReadEvent(BsonDocument document) => new(
        document["_id"].AsInt64,
        document["run"].AsString,
        document["type"].AsString,
        DateTimeOffset.FromUnixTimeMilliseconds(document["at"].AsInt64),
        JsonElement.Parse(document["data"].AsString));
}
