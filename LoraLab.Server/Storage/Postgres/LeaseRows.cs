using LoraLab.Server.Domain;
using LoraLab.Server.Storage.Leases;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// The leases of active runs in the table. They last by the database's clock, and a transaction that writes an attempt holds a lock on
/// its lease, so that no node takes the run over in between.
/// </summary>
internal static class LeaseRows
{
    /// <summary>
    /// Takes the next queued run that a lane accepts, with a lease of it, in one statement. Runs that other nodes are about to take are
    /// passed over, not waited for.
    /// </summary>
    /// <param name="query">Executes the statement.</param>
    /// <param name="lane">The lane.</param>
    /// <param name="token">Token of the lease.</param>
    /// <param name="length">How long it lasts.</param>
    public static StoredRun? Claim(SqlQuery query, Lane lane, Guid token, TimeSpan length)
    {
        SqlParameters parameters = new();
        string waiting = Waiting(lane, parameters);
        return query.Many(
        [
            (parameters.Command(
                $"with next as (select id, document from runs where {waiting} order by priority desc, position, id "
                    + "for update skip locked limit 1), "
                    + "taken as (insert into leases (run, attempt, token, node, until) "
                    + "select id, coalesce(jsonb_array_length(document #> '{document,attempts}'), 0) + 1, "
                    + $"{parameters.Add(token)}, {parameters.Add(lane.Node)}, clock_timestamp() + {parameters.Add(length)} from next "
                    + "on conflict (run) do update set attempt = excluded.attempt, token = excluded.token, node = excluded.node, "
                    + "until = excluded.until) select document from next"),
                row => RunRow.Read(row.GetString(0))),
        ])[0].Cast<StoredRun>().FirstOrDefault();
    }

    /// <summary>The next queued run for a lane, without taking it.</summary>
    public static StoredRun? Next(SqlQuery query, Lane lane)
    {
        SqlParameters parameters = new();
        string sql = $"select document from runs where {Waiting(lane, parameters)} order by priority desc, position, id limit 1";
        return query.Many([(parameters.Command(sql), row => RunRow.Read(row.GetString(0)))])[0].Cast<StoredRun>().FirstOrDefault();
    }

    /// <summary>A statement that returns a row, and locks the lease against others, if it has not ended.</summary>
    public static NpgsqlBatchCommand Fence(Lease lease) => SqlParameters.Command(
        "select run as fenced from leases where run = $1 and attempt = $2 and token = $3 and until > clock_timestamp() for share",
        lease.RunId,
        lease.Attempt,
        lease.Token);

    /// <summary>A statement that ends a lease.</summary>
    public static NpgsqlBatchCommand End(string runId) => SqlParameters.Command("delete from leases where run = $1", runId);

    /// <summary>Gives the leases of a node new tokens.</summary>
    public static IReadOnlyList<Lease> TakeOverOwn(SqlQuery query, string node, TimeSpan length, long until) => query.All(
        "update leases set token = gen_random_uuid(), until = clock_timestamp() + $2 where node = $1 returning run, attempt, token",
        row => Read(row, until),
        node,
        length);

    /// <summary>
    /// Gives this node the leases that have ended, and those of active runs that have none; not of runs that it is still executing.
    /// </summary>
    public static IReadOnlyList<Lease> TakeOverExpired(
        SqlQuery query, string node, TimeSpan length, long until, IReadOnlyCollection<string> except) => query.All(
        "insert into leases (run, attempt, token, node, until) "
            + "select runs.id, coalesce(jsonb_array_length(document #> '{document,attempts}'), 0), gen_random_uuid(), $1, "
            + $"clock_timestamp() + $2 from runs left join leases on leases.run = runs.id where {SqlReader.Active} "
            + "and not (runs.id = any($3)) and (leases.run is null or leases.until < clock_timestamp()) order by runs.id "
            + "on conflict (run) do update set token = excluded.token, node = excluded.node, until = excluded.until "
            + "where leases.until < clock_timestamp() returning run, attempt, token",
        row => Read(row, until),
        node,
        length,
        except.ToArray());

    private static Lease Read(NpgsqlDataReader row, long until) => new(row.GetString(0), row.GetInt32(1), row.GetGuid(2), until);

    private static string Waiting(Lane lane, SqlParameters parameters)
    {
        string device = "";
        if (!lane.AcceptsAll)
        {
            string devices = parameters.Add(lane.AcceptedDevices.ToArray());
            device = $" and (device = any({devices}) or device like {parameters.Add(lane.AcceptedPattern ?? "")})";
        }

        return $"state = 'queued'{device} and requires <@ to_jsonb({parameters.Add(lane.Labels.ToArray())}::text[]) "
            + "and not (select paused from counter) "
            + $"and not exists (select from nodes where name = {parameters.Add(lane.Node)} and draining)";
    }
}
