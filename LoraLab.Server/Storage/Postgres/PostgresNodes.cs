using LoraLab.Contracts.Machine;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.Leases;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>The nodes of a database, by its clock.</summary>
internal sealed class PostgresNodes(
    PostgresDatabase database,
    NodeSession session,
    HeldLeases held,
    LeaseTimes times,
    IOptions<LoraLabOptions> options,
    TimeProvider time) : INodes, INodePulse
{
    /// <summary>A clock that differs by more from the database's is reported.</summary>
    private const double MaximumDrift = 30;

    public string Name => session.Name;

    public bool AreSeveral => true;

    public bool IsLeader => session.IsLeader;

    public IReadOnlyList<string> Problems =>
    [
        .. session.NameIsTaken
            ? (string[])[$"Another node is named {Name} too; give each node its own LoraLab:NodeName."]
            : [],
        .. database.Query.All(
            "select name, drift from nodes where abs(drift) > $1 and until > clock_timestamp() order by name",
            row => $"The clock of node {row.GetString(0)} is {Math.Abs(row.GetDouble(1)):0} s "
                + $"{(row.GetDouble(1) > 0 ? "ahead of" : "behind")} the database's; runs are not affected, but set it.",
            MaximumDrift),
    ];

    public IReadOnlyList<NodeEntry> List() => database.Query.All(
        "select name, role, devices, labels, until, seen, draining, "
            + "array(select run from leases where node = nodes.name order by run) from nodes "
            + "where until > clock_timestamp() - interval '1 day' order by name",
        row => new NodeEntry
        {
            Name = row.GetString(0),
            Role = row.GetString(1),
            Devices = row.GetFieldValue<string[]>(2),
            Labels = row.GetFieldValue<string[]>(3),
            LeaseUntil = new DateTimeOffset(row.GetDateTime(4)),
            LastSeen = new DateTimeOffset(row.GetDateTime(5)),
            Draining = row.GetBoolean(6),
            Runs = row.GetFieldValue<string[]>(7),
        });

    public bool SetDraining(string name, bool draining) => database.Query.All(
        "update nodes set draining = $2 where name = $1 returning name", row => row.GetString(0), name, draining).Count > 0;

    public IReadOnlyList<string> TakeOverOwn()
    {
        long until = End();
        return Hold(LeaseRows.TakeOverOwn(database.Query, Name, times.Length, until));
    }

    public IReadOnlyList<string> TakeOverExpired(IReadOnlyCollection<string> except)
    {
        long until = End();
        return Hold(LeaseRows.TakeOverExpired(database.Query, Name, times.Length, until, except));
    }

    /// <summary>In one statement for the node and all of its leases.</summary>
    public IReadOnlyList<Lease> Beat()
    {
        IReadOnlyList<Lease> asked = held.All;
        long until = End();
        using NpgsqlConnection connection = database.Source.OpenConnection();
        using NpgsqlCommand command = new(
            "with seen as (insert into nodes (name, role, devices, labels, seen, until, drift) values ($1, $2, $3, $4, clock_timestamp(), "
                + "clock_timestamp() + $5, extract(epoch from $6 - clock_timestamp())) "
                + "on conflict (name) do update set role = excluded.role, devices = excluded.devices, labels = excluded.labels, "
                + "seen = excluded.seen, until = excluded.until, drift = excluded.drift), "
                // In one order, so that a transaction on several runs does not wait for this one while this one waits for it.
                + "mine as (select run from leases where node = $1 and token = any($7) and until > clock_timestamp() "
                + "order by run for update) "
                + "update leases set until = clock_timestamp() + $5 from mine where leases.run = mine.run returning token",
            connection)
        {
            CommandTimeout = Math.Max(1, (int)times.Renewal.TotalSeconds / 2),
        };
        foreach (object value in (object[])
        [
            Name,
            options.Value.Role,
            NodeNames.DevicesOf(options.Value).ToArray(),
            options.Value.Labels.ToArray(),
            times.Length,
            time.GetUtcNow().ToUniversalTime(),
            asked.Select(lease => lease.Token).ToArray(),
        ])
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        HashSet<Guid> renewed = [];
        using (NpgsqlDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                renewed.Add(reader.GetGuid(0));
            }
        }

        return held.Renew(asked, renewed, until);
    }

    // A node that is drained stays so when it comes back.
    public void Leave() => database.Query.All("delete from nodes where name = $1 and not draining", row => true, Name);

    /// <summary>The end of leases that are requested now, by this machine's clock.</summary>
    private long End() => MonotonicClock.Now + (long)times.Length.TotalMilliseconds;

    private List<string> Hold(IReadOnlyList<Lease> leases)
    {
        foreach (Lease lease in leases)
        {
            held.Add(lease);
        }

        return [.. leases.Select(lease => lease.RunId)];
    }
}
