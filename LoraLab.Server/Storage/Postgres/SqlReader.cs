using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>Reads runs, studies and sweeps from the tables, each time anew: no node keeps a copy of them.</summary>
/// <param name="query">Executes statements; one result per statement.</param>
/// <param name="lockRows">Whether the documents that are read are locked until the transaction ends, because it may write them.</param>
internal sealed class SqlReader(SqlQuery query, bool lockRows = false) : IStoreReader
{
    /// <summary>The condition of runs that a node executes.</summary>
    public const string Active = "state in ('preparing', 'running', 'cancelling')";

    private string Lock => lockRows ? " for update" : "";

    public bool Paused => query.One("select paused from counter", row => row.GetBoolean(0));

    public StoredRun? Find(string runId) => query.One($"select document from runs where id = $1{Lock}", Run, runId);

    public RunPage List(RunFilter filter, RunSort sort, int limit, RunSort.Key? after = null)
    {
        SqlParameters parameters = new();
        OrderSql order = new(sort, parameters);
        string matching = new ConditionSql(parameters).Of(filter);
        NpgsqlBatchCommand count = parameters.Command($"select count(*)::integer from runs where {matching}");
        string behind = after is { } key ? $" and {order.After(key)}" : "";
        string page = $"select document from runs where {matching}{behind} order by {order.Order} limit {(long)limit + 1}";
        IReadOnlyList<IReadOnlyList<object>> found = query.Many(
            [(count, row => row.GetInt32(0)), (parameters.Command(page), Run)]);
        List<StoredRun> runs = [.. found[1].Cast<StoredRun>()];
        return new RunPage([.. runs.Take(limit)], (int)found[0][0], runs.Count > limit, Math.Min(runs.Count, limit));
    }

    public RunCounts Counts()
    {
        Dictionary<string, int> counted = query.All(
            "select state, count(*)::integer from runs group by state", row => (row.GetString(0), row.GetInt32(1)))
            .ToDictionary(pair => pair.Item1, pair => pair.Item2);
        return new RunCounts(
            counted.Values.Sum(),
            Enum.GetValues<RunState>().ToDictionary(state => state, state => counted.GetValueOrDefault(EnumWords.Of(state))));
    }

    public QueuePage QueuePage(int offset = 0, int limit = int.MaxValue)
    {
        // A part of the queue is shown, not reordered: locks on its runs would hide them from those who claim.
        string locked = limit == int.MaxValue ? Lock : "";
        IReadOnlyList<IReadOnlyList<object>> found = query.Many(
        [
            (SqlParameters.Command("select paused from counter"), row => row.GetBoolean(0)),
            (SqlParameters.Command($"select document from runs where {Active} order by \"sort startedAt\" nulls first, id{locked}"), Run),
            (SqlParameters.Command("select document from runs where state = 'queued' order by priority desc, position, id "
                + $"offset {offset} limit {limit}{locked}"), Run),
            (SqlParameters.Command("select count(*)::integer from runs where state = 'queued'"), row => row.GetInt32(0)),
        ]);
        return new QueuePage(
            (bool)found[0][0], [.. found[1].Cast<StoredRun>()], [.. found[2].Cast<StoredRun>()], offset, (int)found[3][0]);
    }

    public int QueuedUpTo(QueueCursor place) => query.One(
        "select count(*)::integer from runs where state = 'queued' and (priority > $1 or (priority = $1 and (position < $2 "
            + "or (position = $2 and id <= $3))))",
        row => row.GetInt32(0),
        place.Priority,
        place.Position,
        place.Id);

    public int? QueuePositionOf(string runId) => QueueCursor.Of(Find(runId)) is { } place ? QueuedUpTo(place) : null;

    public StoredRun? NextWaiting(Lane lane) => LeaseRows.Next(query, lane);

    public (long Head, long Tail) QueueEnds() => query.One(
        "select coalesce(min(position), 0) - 1, coalesce(max(position), 0) + 1 from runs", row => (row.GetInt64(0), row.GetInt64(1)));

    public IReadOnlyDictionary<string, RunDocument> RunsOf(ExperimentKind kind, string experimentId) => query.All(
        $"select document from runs where {(kind == ExperimentKind.Study ? "study" : "sweep")} = $1 and experiment_key is not null "
            + $"order by id{Lock}",
        Run,
        experimentId).ToDictionary(run => run.ExperimentKey!, run => run.Document);

    public bool HasName(string name) => query.One("select exists (select from runs where name = $1)", row => row.GetBoolean(0), name);

    public IReadOnlyDictionary<string, int> ColorsOf(string method) => query.All(
        "select color, count(*)::integer from runs where method = $1 group by color",
        row => (row.GetString(0), row.GetInt32(1)),
        method).ToDictionary(pair => pair.Item1, pair => pair.Item2);

    public StoredExperiment? FindExperiment(string experimentId) =>
        query.One($"select document from experiments where id = $1{Lock}", ReadExperiment, experimentId);

    public IReadOnlyList<StoredExperiment> ListExperiments(ExperimentKind? kind = null) => query.All(
        "select document from experiments where $1::text is null or kind = $1 order by id desc",
        ReadExperiment,
        kind is { } one ? EnumWords.Of(one) : DBNull.Value);

    private static StoredRun Run(NpgsqlDataReader row) => RunRow.Read(row.GetString(0));

    private static StoredExperiment ReadExperiment(NpgsqlDataReader row) =>
        JsonSerializer.Deserialize<StoredExperiment>(row.GetString(0), ContractJson.Options)!;
}
