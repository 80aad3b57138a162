using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage.Records;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// A transaction on the tables. Changed documents are written before the next read, which thereby sees them; points, responses and events
/// last, in the round trip that commits.
/// </summary>
internal sealed class SqlTransaction : StagedTransaction
{
    /// <summary>More events than a crash of the database can lose: those of its last second.</summary>
    private const long MostLost = 5_000;

    private readonly NpgsqlConnection _connection;
    private readonly Dictionary<string, StoredRun?> _unwritten = [];
    private readonly Dictionary<string, StoredExperiment?> _unwrittenExperiments = [];
    private readonly SqlReader _reader;
    private readonly SqlQuery _query;
    private readonly TimeSpan _lease;

    public SqlTransaction(NpgsqlConnection connection, StoreScope scope, DateTimeOffset now, TimeSpan lease)
        : base(scope, now)
    {
        (_connection, _lease) = (connection, lease);
        _query = new SqlQuery(() => connection, owned: false, before: Flush);
        _reader = new SqlReader(_query, lockRows: true);
    }

    /// <summary>The run that it took from the queue; null: none.</summary>
    public (string RunId, int Attempt, Guid Token)? Taken { get; private set; }

    protected override IStoreReader Reader => _reader;

    /// <summary>Whether it stores nothing but what a worker reported, and no change of state.</summary>
    private bool IsOnlyProgress => !EmitsState && ChangedExperiments.Count == 0 && NewPaused is null && Responses.Count == 0
        && Changed.All(change => change.Value is { } after && Before(change.Key) is { } before
            && before.Document.State == after.Document.State && !RunRecords.NeedsRecord(before, after));

    /// <summary>Writes a run.</summary>
    public static NpgsqlBatchCommand Upsert(StoredRun run)
    {
        RunRow row = RunRow.Of(run);
        return SqlParameters.Command(
            "insert into runs (id, document, keys, texts, tags, aliases, parents) values ($1, $2::jsonb, $3::jsonb, $4::jsonb, $5, $6, $7) "
                + "on conflict (id) do update set document = excluded.document, keys = excluded.keys, texts = excluded.texts, "
                + "tags = excluded.tags, aliases = excluded.aliases, parents = excluded.parents",
            run.Document.Id,
            row.Document,
            row.Keys,
            row.Texts,
            row.Tags,
            row.Aliases,
            row.Parents);
    }

    /// <summary>Writes a study or sweep.</summary>
    public static NpgsqlBatchCommand Upsert(StoredExperiment experiment) => SqlParameters.Command(
        "insert into experiments values ($1, $2::jsonb) on conflict (id) do update set document = excluded.document",
        experiment.Id,
        RunRow.Json(experiment));

    public override IReadOnlyDictionary<string, MetricSeries> ReadSeries(
        string runId, IReadOnlyCollection<string>? keys, int? attempt = null) =>
        PointRows.Read(_query, runId, keys, SeriesRange.Of(attempt, Find(runId)));

    /// <summary>Writes what is left and commits, in one round trip; the number of the last event, 0 without any.</summary>
    /// <param name="id">Id of the transaction, stored with it.</param>
    /// <param name="origin">The node.</param>
    public long Commit(Guid id, Guid origin)
    {
        using NpgsqlBatch batch = new(_connection);
        if (IsOnlyProgress)
        {
            // The attempt's file has it, and the number of the last event that is included is part of the same transaction.
            batch.BatchCommands.Add(new NpgsqlBatchCommand("set local synchronous_commit = off"));
        }

        AddDocuments(batch);
        foreach ((string run, List<MetricPoint> points) in Points)
        {
            foreach (NpgsqlBatchCommand append in PointRows.Append(run, points))
            {
                batch.BatchCommands.Add(append);
            }
        }

        foreach (StoredResponse response in Responses)
        {
            batch.BatchCommands.Add(ResponseRows.Insert(response));
        }

        if (NewPaused is bool paused)
        {
            batch.BatchCommands.Add(SqlParameters.Command("update counter set paused = $1", paused));
        }

        batch.BatchCommands.Add(SqlParameters.Command("insert into transactions values ($1, $2)", id, Now.ToUniversalTime()));
        if (Events > 0)
        {
            batch.BatchCommands.Add(NumberedEvents(origin));
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        using NpgsqlDataReader reader = batch.ExecuteReader();
        long last = Events > 0 && reader.Read() ? reader.GetInt64(0) : 0;
        while (reader.NextResult())
        {
            // An error of a later statement is thrown here.
        }

        return last;
    }

    protected override StoredRun? Take(Lane lane)
    {
        Guid token = Guid.NewGuid();
        StoredRun? next = LeaseRows.Claim(_query, lane, token, _lease);
        Taken = next is null ? null : (next.Document.Id, next.Document.Attempts.Count + 1, token);
        return next;
    }

    protected override void OnChanged(string runId, StoredRun? run) => _unwritten[runId] = run;

    protected override void OnExperimentChanged(string experimentId, StoredExperiment? experiment) =>
        _unwrittenExperiments[experimentId] = experiment;

    /// <summary>
    /// The counter is the last row that is changed: its lock orders the commits, so that no event becomes visible after a later one. A
    /// database that crashed may have lost numbers that clients have seen; it has also lost <c>intact</c>, and skips them.
    /// </summary>
    private NpgsqlBatchCommand NumberedEvents(Guid origin)
    {
        IReadOnlyList<LiveEvent> events = NumberEvents(0);
        return SqlParameters.Command(
            "with number as (update counter set seq = seq + $1 + case when exists (select from intact) then 0 else $7 end "
                + "returning seq - $1 as before), "
                + "mark as (insert into intact select true where not exists (select from intact) on conflict do nothing) "
                + "insert into events select number.before + event.place, event.run, event.type, $2, event.data, $3 "
                + "from number, unnest($4::text[], $5::text[], $6::text[]) with ordinality as event(run, type, data, place) "
                + "order by event.place desc returning seq",
            (long)events.Count,
            Now.ToUniversalTime(),
            origin,
            events.Select(live => live.RunId).ToArray(),
            events.Select(live => live.Type).ToArray(),
            events.Select(EventRows.DataOf).ToArray(),
            MostLost);
    }

    private void Flush()
    {
        if (_unwritten.Count + _unwrittenExperiments.Count > 0)
        {
            using NpgsqlBatch batch = new(_connection);
            AddDocuments(batch);
            batch.ExecuteNonQuery();
        }
    }

    private void AddDocuments(NpgsqlBatch batch)
    {
        foreach ((string id, StoredRun? run) in _unwritten)
        {
            batch.BatchCommands.Add(run is null ? SqlParameters.Command("delete from runs where id = $1", id) : Upsert(run));
            if (run is not null && Before(id) is { Document.State: var was } && was.IsActive() && !run.Document.State.IsActive())
            {
                batch.BatchCommands.Add(LeaseRows.End(id));
            }
        }

        foreach ((string id, StoredExperiment? experiment) in _unwrittenExperiments)
        {
            batch.BatchCommands.Add(
                experiment is null ? SqlParameters.Command("delete from experiments where id = $1", id) : Upsert(experiment));
        }

        _unwritten.Clear();
        _unwrittenExperiments.Clear();
    }
}
