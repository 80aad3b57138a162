using LoraLab.Server.Infrastructure;
using Npgsql;

namespace LoraLab.Server.Storage.Transfer;

/// <summary>Whether servers use a PostgreSQL store: each holds a lock from its start to its end.</summary>
internal static class NodesInUse
{
    // A lock has its key in either half, depending on how it was taken.
    private const string Count = """
        select count(*) from pg_locks where locktype = 'advisory' and granted
          and database = (select oid from pg_database where datname = current_database())
          and (hashtext('loralab node ' || current_schema())::bigint & 4294967295) in (classid::bigint, objid::bigint)
        """;

    /// <summary>Requires that there are none.</summary>
    /// <exception cref="StartFailure">There are.</exception>
    public static void RequireNone(NpgsqlDataSource source)
    {
        using NpgsqlCommand count = source.CreateCommand(Count);
        if (count.ExecuteScalar() is long and > 0 and long nodes)
        {
            string who = nodes == 1 ? "A LoraLab server uses" : $"{nodes} LoraLab servers use";
            throw new StartFailure($"{who} this PostgreSQL database; stop all of them first. A backup can be made while they go on.");
        }
    }
}
