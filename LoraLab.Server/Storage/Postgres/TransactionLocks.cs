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
    public static DateTimeOffset Begin(NpgsqlConnection connection, StoreScope scope)
    {
        using NpgsqlBatch batch = new(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        if (scope.HasQueue || scope.HasExperiments)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("select pg_advisory_xact_lock(hashtext('loralab order ' || current_schema()))"));
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
        do
        {
            if (reader.FieldCount == 1 && reader.GetName(0) == "now" && reader.Read())
            {
                return new DateTimeOffset(reader.GetDateTime(0));
            }
        }
        while (reader.NextResult());

        throw new InvalidOperationException("PostgreSQL did not say what time it is.");
    }
}
