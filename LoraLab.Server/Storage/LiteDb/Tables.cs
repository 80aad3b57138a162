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
    private static readonly TimeSpan _responseRetention = TimeSpan.FromDays(7);

    private readonly DatabaseFile _file;
    private readonly bool _owned;
    private readonly ILiteCollection<BsonDocument> _meta;
    private readonly ILiteCollection<BsonDocument> _runs;
    private readonly ILiteCollection<BsonDocument> _experiments;
    private readonly ILiteCollection<BsonDocument> _events;
    private readonly ILiteCollection<BsonDocument> _responses;

    /// <param name="file">The database.</param>
    /// <param name="owned">Whether it is closed with this object.</param>
    public Tables(DatabaseFile file, bool owned = true)
    {
        (_file, _owned) = (file, owned);
        _meta = file.Engine.GetCollection(Meta);
        _runs = file.Engine.GetCollection(Runs);
        _experiments = file.Engine.GetCollection(Experiments);
        _events = file.Engine.GetCollection(Events);
        _responses = file.Engine.GetCollection(Responses);
        Chunks = new MetricChunks(file.Engine.GetCollection(Points));
        Index(Points);
        Index(Events);
        Seq = _meta.FindById("seq")?["value"].AsInt64 ?? 0;
        Paused = _meta.FindById("paused")?["value"].AsBoolean;
        OldestEvent = _events.Count() == 0 ? Seq + 1 : _events.Min().AsInt64;
    }

    public MetricChunks Chunks { get; }

    public long Seq { get; private set; }

    /// <summary>Null: never set.</summary>
    public bool? Paused { get; private set; }

    public long OldestEvent { get; private set; }

    public static StoredRun ReadRun(BsonDocument document) =>
        JsonSerializer.Deserialize<StoredRun>(document["json"].AsString, ContractJson.Options)!;

    public static BsonDocument Write(StoredRun run)
    {
        string json = JsonSerializer.Serialize(run, ContractJson.Options);
        return new()
        {
            ["_id"] = run.Document.Id,
            ["state"] = run.Document.State.ToString(),
            ["json"] = json,
            ["sum"] = Checksum.Of(json),
        };
    }

    public static BsonDocument Write(StoredExperiment experiment)
    {
        string json = JsonSerializer.Serialize(experiment, ContractJson.Options);
        return new() { ["_id"] = experiment.Id, ["json"] = json, ["sum"] = Checksum.Of(json) };
    }

    public static BsonDocument Write(StoredResponse response)
    {
        string json = JsonSerializer.Serialize(response, ContractJson.Options);
        return new()
        {
            ["_id"] = response.Key,
            ["at"] = response.At.ToUnixTimeMilliseconds(),
            ["json"] = json,
            ["sum"] = Checksum.Of(json),
        };
    }

    public static BsonDocument Write(LiveEvent live) => new()
    {
        ["_id"] = live.Seq,
        ["run"] = live.RunId,
        ["type"] = live.Type,
        ["at"] = live.At.ToUnixTimeMilliseconds(),
        // The queue is long and only its latest state matters: it is read again on replay.
        ["data"] = live.Type == LiveEventTypes.QueueChanged ? "{}" : live.Data.GetRawText(),
    };

    public IEnumerable<StoredRun> AllRuns() => _runs.FindAll().Select(ReadRun);

    public static StoredExperiment ReadExperiment(BsonDocument document) =>
        JsonSerializer.Deserialize<StoredExperiment>(document["json"].AsString, ContractJson.Options)!;

    public IEnumerable<StoredExperiment> AllExperiments() => _experiments.FindAll().Select(ReadExperiment);

    public StoredResponse? FindResponse(string key) => _responses.FindById(key) is { } found
        ? JsonSerializer.Deserialize<StoredResponse>(found["json"].AsString, ContractJson.Options)
        : null;

    public IReadOnlyList<StoredResponse> AllResponses() =>
    [
        .. _responses.FindAll().Select(found => JsonSerializer.Deserialize<StoredResponse>(found["json"].AsString, ContractJson.Options)!),
    ];

    public IReadOnlyList<LiveEvent> EventsAfter(long seq, string? runId = null)
    {
        BsonExpression later = Query.GT("_id", seq);
        IEnumerable<BsonDocument> found = runId is null
            ? _events.Find(later)
            : _events.Find(Query.EQ("run", runId)).Where(item => item["_id"].AsInt64 > seq);
        return [.. found.OrderBy(item => item["_id"].AsInt64).Select(ReadEvent)];
    }

    /// <summary>Writes everything; if it throws, a <see cref="Rollback"/> removes all effects.</summary>
    public void Commit(StagedTransaction staged, IReadOnlyList<LiveEvent> numbered)
    {
        long oldest = OldestEvent;
        _file.Engine.BeginTrans();
        WriteRuns(staged);
        foreach ((string id, StoredExperiment? experiment) in staged.ChangedExperiments)
        {
            if (experiment is null)
            {
                _experiments.Delete(id);
                continue;
            }

            _experiments.Upsert(Write(experiment));
        }

        foreach (StoredResponse response in staged.Responses)
        {
            _responses.Upsert(Write(response));
        }

        if (staged.Paused != (Paused ?? false))
        {
            _meta.Upsert(new BsonDocument { ["_id"] = "paused", ["value"] = staged.Paused });
        }

        if (numbered.Count > 0)
        {
            oldest = WriteEvents(numbered);
        }

        _file.Engine.Commit();
        Seq = numbered.Count > 0 ? numbered[^1].Seq : Seq;
        Paused = staged.Paused;
        OldestEvent = oldest;
    }

    public void Rollback()
    {
        _file.Engine.Rollback();
        Chunks.ClearTails();
    }

    /// <summary>Sets the event counter: earlier numbers were issued by a database that is lost.</summary>
    public void StartAt(long seq, bool paused)
    {
        _meta.Upsert([new BsonDocument { ["_id"] = "seq", ["value"] = seq }, new BsonDocument { ["_id"] = "paused", ["value"] = paused }]);
        _events.DeleteAll();
        (Seq, Paused, OldestEvent) = (seq, paused, seq + 1);
    }

    /// <summary>Deletes old responses, but never the latest ones: a leap of the clock must not let a submission be repeated.</summary>
    public void PruneResponses(DateTimeOffset now)
    {
        List<BsonDocument> old = [.. _responses.FindAll().OrderByDescending(
            response => JsonSerializer.Deserialize<StoredResponse>(response["json"].AsString, ContractJson.Options)!.CreatedId,
            StringComparer.Ordinal)
            .Skip(RetainedResponses).Where(response => response["at"].AsInt64 < (now - _responseRetention).ToUnixTimeMilliseconds())];
        foreach (BsonDocument response in old)
        {
            _responses.Delete(response["_id"]);
        }
    }

    public void Checkpoint() => _file.Engine.Checkpoint();

    public void Dispose()
    {
        if (_owned)
        {
            _file.Dispose();
        }
    }

    /// <summary>
    /// Creates the index together with the collection. An existing collection has it: ensuring it again would make LiteDB checkpoint a
    /// long log, which fails on a full disk, and the data could not be read.
    /// </summary>
    private void Index(string collection)
    {
        if (!_file.Engine.CollectionExists(collection))
        {
            _file.Engine.GetCollection(collection).EnsureIndex("run");
        }
    }

    private void WriteRuns(StagedTransaction staged)
    {
        foreach ((string id, StoredRun? run) in staged.Changed)
        {
            if (run is null)
            {
                _runs.Delete(id);
                Chunks.Remove(id);
            }
            else
            {
                _runs.Upsert(Write(run));
            }
        }

        foreach ((string id, List<MetricPoint> points) in staged.Points)
        {
            Chunks.Append(id, points);
        }

        foreach (string ended in staged.Changed.Where(change => change.Value is { } run && run.Document.State.IsTerminal())
            .Select(change => change.Key))
        {
            Chunks.Release(ended);
        }
    }

    private long WriteEvents(IReadOnlyList<LiveEvent> numbered)
    {
        _events.Insert(numbered.Select(Write));
        long last = numbered[^1].Seq;
        _meta.Upsert(new BsonDocument { ["_id"] = "seq", ["value"] = last });
        if (last - OldestEvent < RetainedEvents + PruneEvery)
        {
            return OldestEvent;
        }

        _events.DeleteMany(Query.LT("_id", last - RetainedEvents));
        return last - RetainedEvents;
    }

    private static LiveEvent ReadEvent(BsonDocument document) => new(
        document["_id"].AsInt64,
        document["run"].AsString,
        document["type"].AsString,
        DateTimeOffset.FromUnixTimeMilliseconds(document["at"].AsInt64),
        JsonElement.Parse(document["data"].AsString));
}
