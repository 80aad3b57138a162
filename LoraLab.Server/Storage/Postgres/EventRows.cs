using System.Text.Json;
using LoraLab.Contracts.Live;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>Live events in the table.</summary>
internal static class EventRows
{
    private const int Retained = 10_000;
    private const int PruneEvery = 1_000;

    /// <summary>What is stored of an event's data: the queue is long, only its latest state matters, and a replay reads it again.</summary>
    public static string DataOf(LiveEvent live) => live.Type == LiveEventTypes.QueueChanged ? "{}" : live.Data.GetRawText();

    /// <summary>The events after a number, up to another.</summary>
    public static IReadOnlyList<LiveEvent> After(SqlQuery query, long after, long upTo, string? runId = null) => query.All(
        "select seq, run, type, at, data from events where seq > $1 and seq <= $2 and ($3::text is null or run = $3) order by seq",
        Read,
        after,
        upTo,
        runId is null ? DBNull.Value : runId);

    /// <summary>The events after a number and up to another, with the node that each comes from; of all types, or of some.</summary>
    public static IReadOnlyList<(LiveEvent Live, Guid Origin)> AfterWithOrigin(
        SqlQuery query, long after, long upTo, string[]? types) => query.All(
        "select seq, run, type, at, data, origin from events where seq > $1 and seq <= $2 and ($3::text[] is null or type = any($3)) "
            + "order by seq",
        row => (Read(row), row.GetGuid(5)),
        after,
        upTo,
        types is null ? DBNull.Value : types);

    /// <summary>The number of the oldest event; one more than the last if there is none.</summary>
    public static long Oldest(SqlQuery query) =>
        query.One("select coalesce((select min(seq) from events), (select seq + 1 from counter))", row => row.GetInt64(0));

    /// <summary>Number of the last event.</summary>
    public static long Last(SqlQuery query) => query.One("select seq from counter", row => row.GetInt64(0));

    /// <summary>Deletes old events when enough have come; outside the transactions that emit them, which hold the counter.</summary>
    /// <param name="query">Executes the statement.</param>
    /// <param name="last">Number of the last event.</param>
    /// <param name="count">Number of events that came with it.</param>
    public static void Prune(SqlQuery query, long last, long count)
    {
        if (last / PruneEvery != (last - count) / PruneEvery && last > Retained)
        {
            query.All("delete from events where seq <= $1", row => row.GetInt64(0), last - Retained);
        }
    }

    private static LiveEvent Read(NpgsqlDataReader row) => new(
        row.GetInt64(0),
        row.IsDBNull(1) ? null : row.GetString(1),
        row.GetString(2),
        new DateTimeOffset(row.GetDateTime(3)),
        JsonElement.Parse(row.GetString(4)));
}
