using System.Collections.Immutable;
using System.Text.Json;
using LiteDB;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Composition;
using LoraLab.Server.Live;
using LoraLab.Server.Observability;
using JsonSerializer = System.Text.Json.JsonSerializer;

namespace LoraLab.Server.Store;

/// <summary>
/// The embedded store. LiteDB 5 is not safe under concurrent writers, so one gate serialises every access to the one
/// database object; run documents are held in memory too (they are few and small), so that most reads need no gate.
/// </summary>
internal sealed class LiteDbRunStore : IRunStore, IDisposable
{
    private const int SchemaVersion = 1;
    private const int RetainedEvents = 10_000;
    private const int PruneEvery = 1_000;
    private static readonly TimeSpan AnswersKept = TimeSpan.FromDays(7);

    private readonly Lock gate = new();
    private readonly ILiveSink sink;
    private readonly TimeProvider time;
    private readonly LiteDatabase database;
    private readonly ILiteCollection<BsonDocument> meta;
    private readonly ILiteCollection<BsonDocument> runDocuments;
    private readonly ILiteCollection<BsonDocument> events;
    private readonly ILiteCollection<BsonDocument> answers;
    private readonly MetricChunks chunks;
    private ImmutableDictionary<string, StoredRun> runs;
    private long seq;
    private long oldestEvent;
    private volatile bool paused;

    public LiteDbRunStore(LoraLabPaths paths, DataDirectoryLock _, ILiveSink sink, TimeProvider time)
    {
        this.sink = sink;
        this.time = time;
        database = Open(paths.Database);
        meta = database.GetCollection("meta");
        runDocuments = database.GetCollection("runs");
        events = database.GetCollection("events");
        answers = database.GetCollection("answers");
        chunks = new MetricChunks(database.GetCollection("points"));
        events.EnsureIndex("run");

        seq = meta.FindById("seq")?["value"].AsInt64 ?? 0;
        paused = meta.FindById("paused")?["value"].AsBoolean ?? false;
        oldestEvent = events.Count() == 0 ? seq + 1 : events.Min().AsInt64;
        answers.DeleteMany(Query.LT("at", (time.GetUtcNow() - AnswersKept).ToUnixTimeMilliseconds()));
        runs = runDocuments.FindAll().Select(Read).ToImmutableDictionary(run => run.Document.Id);
    }

    public long Seq => Interlocked.Read(ref seq);

    public bool Paused => paused;

    public IReadOnlyCollection<StoredRun> Runs => [.. runs.Values];

    public StoredRun? Find(string runId) => runs.GetValueOrDefault(runId);

    public T Transact<T>(Func<IStoreTransaction, T> work)
    {
        long began = time.GetTimestamp();
        lock (gate)
        {
            StagedTransaction staged = new(runs, paused, time);
            T result = work(staged);
            Commit(staged);
            Telemetry.StoreWrite.Record(time.GetElapsedTime(began).TotalSeconds);
            return result;
        }
    }

    public IReadOnlyDictionary<string, MetricSeries> ReadSeries(string runId, IReadOnlyCollection<string>? keys, int? attempt = null)
    {
        lock (gate)
        {
            Func<int, int> lastStep = attempt is int only
                ? number => number == only ? int.MaxValue : -1
                : AttemptSteps.LastThatCount(runs.GetValueOrDefault(runId)?.Document.Attempts ?? []);
            return chunks.Read(runId, keys, lastStep);
        }
    }

    public EventPage ReadEvents(long afterSeq, string? runId = null)
    {
        lock (gate)
        {
            if (afterSeq > seq || (afterSeq < seq && afterSeq + 1 < oldestEvent))
            {
                return new EventPage(seq, Complete: false, []);
            }

            BsonExpression later = Query.GT("_id", afterSeq);
            IEnumerable<BsonDocument> found = runId is null
                ? events.Find(later)
                : events.Find(Query.EQ("run", runId)).Where(item => item["_id"].AsInt64 > afterSeq);
            return new EventPage(seq, Complete: true, [.. found.OrderBy(item => item["_id"].AsInt64).Select(ReadEvent)]);
        }
    }

    public StoredAnswer? FindAnswer(string key)
    {
        lock (gate)
        {
            BsonDocument? found = answers.FindById(key);
            return found is null ? null : JsonSerializer.Deserialize<StoredAnswer>(found["json"].AsString, ContractJson.Options);
        }
    }

    public void Checkpoint()
    {
        lock (gate)
        {
            database.Checkpoint();
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            database.Dispose();
        }
    }

    private static LiteDatabase Open(string path)
    {
        bool isNew = !File.Exists(path);
        LiteDatabase database;
        try
        {
            database = new(new ConnectionString { Filename = path, Connection = ConnectionType.Direct }, new BsonMapper());
        }
        catch (Exception error) when (error is LiteException or IOException or UnauthorizedAccessException)
        {
            throw new StartFailure($"The database {path} cannot be opened ({error.Message}); restore a copy of it, or set LoraLab:DataDirectory to another folder.");
        }

        ILiteCollection<BsonDocument> meta = database.GetCollection("meta");
        int version = meta.FindById("schema")?["value"].AsInt32 ?? (isNew ? SchemaVersion : 0);
        if (version > SchemaVersion)
        {
            database.Dispose();
            throw new StartFailure($"The database {path} was written by a newer LoraLab (schema {version}, this one knows {SchemaVersion}); update LoraLab, or set LoraLab:DataDirectory to another folder.");
        }

        if (version < SchemaVersion && !isNew)
        {
            database.Checkpoint();
            File.Copy(path, $"{path}.schema-{version}.backup", overwrite: true);
        }

        meta.Upsert(new BsonDocument { ["_id"] = "schema", ["value"] = SchemaVersion });
        return database;
    }

    private void Commit(StagedTransaction staged)
    {
        if (staged.IsEmpty)
        {
            return;
        }

        IReadOnlyList<LiveEvent> numbered = staged.NumberEvents(seq);
        database.BeginTrans();
        try
        {
            Write(staged, numbered);
            database.Commit();
        }
        catch
        {
            database.Rollback();
            chunks.Forget();
            throw;
        }

        runs = staged.Result;
        paused = staged.Paused;
        Interlocked.Exchange(ref seq, seq + numbered.Count);
        // Inside the gate: subscribers see events in the order of their numbers.
        sink.Accept(numbered);
    }

    private void Write(StagedTransaction staged, IReadOnlyList<LiveEvent> numbered)
    {
        foreach ((string id, StoredRun? run) in staged.Changed)
        {
            if (run is null)
            {
                runDocuments.Delete(id);
                chunks.Remove(id);
            }
            else
            {
                runDocuments.Upsert(new BsonDocument { ["_id"] = id, ["state"] = run.Document.State.ToString(), ["json"] = JsonSerializer.Serialize(run, ContractJson.Options) });
            }
        }

        foreach ((string id, List<MetricPoint> points) in staged.Points)
        {
            chunks.Append(id, points);
        }

        foreach (string ended in staged.Changed.Where(change => change.Value is { } run && run.Document.State.IsTerminal()).Select(change => change.Key))
        {
            chunks.Release(ended);
        }

        foreach (StoredAnswer answer in staged.Answers)
        {
            answers.Upsert(new BsonDocument { ["_id"] = answer.Key, ["at"] = answer.At.ToUnixTimeMilliseconds(), ["json"] = JsonSerializer.Serialize(answer, ContractJson.Options) });
        }

        if (staged.Paused != paused)
        {
            meta.Upsert(new BsonDocument { ["_id"] = "paused", ["value"] = staged.Paused });
        }

        if (numbered.Count > 0)
        {
            events.Insert(numbered.Select(WriteEvent));
            long last = numbered[^1].Seq;
            meta.Upsert(new BsonDocument { ["_id"] = "seq", ["value"] = last });
            if (last - oldestEvent >= RetainedEvents + PruneEvery)
            {
                oldestEvent = last - RetainedEvents;
                events.DeleteMany(Query.LT("_id", oldestEvent));
            }
        }
    }

    private static StoredRun Read(BsonDocument document) =>
        JsonSerializer.Deserialize<StoredRun>(document["json"].AsString, ContractJson.Options)!;

    private static BsonDocument WriteEvent(LiveEvent live) => new()
    {
        ["_id"] = live.Seq,
        ["run"] = live.RunId,
        ["type"] = live.Type,
        ["at"] = live.At.ToUnixTimeMilliseconds(),
        // The queue is long and only its latest state matters: it is read again when this is replayed.
        ["data"] = live.Type == LiveEventTypes.QueueChanged ? "{}" : live.Data.GetRawText(),
    };

    private static LiveEvent ReadEvent(BsonDocument document) => new(
        document["_id"].AsInt64,
        document["run"].AsString,
        document["type"].AsString,
        DateTimeOffset.FromUnixTimeMilliseconds(document["at"].AsInt64),
        JsonElement.Parse(document["data"].AsString));
}
