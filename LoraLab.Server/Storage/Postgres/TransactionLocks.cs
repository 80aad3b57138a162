using LoraLab.Server.Storage.Leases;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>Begins transactions with the locks of their scope, and forgets the ids of old ones.</summary>
internal static class TransactionLocks
{
    /// <summary>Deletes the ids of transactions whose answers nobody waits for any more.</summary>
    public static void Prune(SqlQuery query) =>
        query.All("delete from transactions where at < now() - interval '1 day'", row => row.GetGuid(0));

    /// <summary>Begins a transaction; returns its time by the database's clock.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="scope">What the transaction reads and writes.</param>
    /// <param name="held">The leases of this node.</param>
    /// <exception cref="LeaseLostException">The scope has an attempt whose lease has ended.</exception>
    public static DateTimeOffset Begin(NpgsqlConnection connection, StoreScope scope, HeldLeases held)
    {
        List<Lease> leases = [.. scope.AttemptIds.Order(StringComparer.Ordinal).Select(held.Require)];
        using NpgsqlBatch batch = new(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        if (scope.HasQueue || scope.HasExperiments)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("select pg_advisory_xact_lock(hashtext('loralab order ' || current_schema()))"));
        }

        foreach (Lease lease in leases)
        {
            batch.BatchCommands.Add(LeaseRows.Fence(lease));
        }

        if (scope.HasEverything)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("lock table runs, experiments in share row exclusive mode"));
        }
        else if (scope.RunIds.Count > 0)
        {
            // In one order, so that two transactions on the same runs do not wait for each other.
            batch.BatchCommands.Add(SqlParameters.Command(
                "select id from runs where id = any($1) order by id for update", (object)scope.RunIds.ToArray()));
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand("select clock_timestamp() as now"));
        using NpgsqlDataReader reader = batch.ExecuteReader();
        HashSet<string> fenced = [];
        do
        {
            while (reader.FieldCount == 1 && reader.GetName(0) == "fenced" && reader.Read())
            {
                fenced.Add(reader.GetString(0));
            }

            if (reader.FieldCount == 1 && reader.GetName(0) == "now" && reader.Read())
            {
                return leases.FirstOrDefault(lease => !fenced.Contains(lease.RunId)) is { } lost
                    ? throw new LeaseLostException(lost.RunId)
                    : new DateTimeOffset(reader.GetDateTime(0));
            }
        }
        while (reader.NextResult());

        throw new InvalidOperationException("PostgreSQL did not say what time it is.");
    }
}
