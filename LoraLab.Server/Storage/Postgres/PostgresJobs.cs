using Hangfire;
using Hangfire.PostgreSql;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>Hangfire's jobs in the database of the nodes, in tables of their own.</summary>
internal static class PostgresJobs
{
    /// <summary>Jobs only hasten what nodes do by themselves, so the database is not asked more often.</summary>
    private static readonly TimeSpan _poll = TimeSpan.FromSeconds(5);

    public static void UsePostgresJobs(this IGlobalConfiguration hangfire, PostgresDatabase database)
    {
        string schema = database.Query.One("select current_schema()", row => row.GetString(0))!;
        Install(database.Source, $"{schema}_jobs");
        hangfire.UsePostgreSqlStorage(
            storage => storage.UseConnectionFactory(new Pool(database.Source)),
            new PostgreSqlStorageOptions
            {
                SchemaName = $"{schema}_jobs",
                PrepareSchemaIfNecessary = false,
                QueuePollInterval = _poll,
                // It does not reconnect after a restart of the database.
                EnableLongPolling = false,
                // No job takes longer: one that does is not repeated beside itself.
                InvisibilityTimeout = TimeSpan.FromMinutes(30),
            });
    }

    /// <summary>Creates the tables; nodes that start together do it one after the other, which Hangfire alone does not.</summary>
    private static void Install(NpgsqlDataSource source, string schema)
    {
        using NpgsqlConnection connection = source.OpenConnection();
        Execute(connection, "select pg_advisory_lock(hashtext('loralab jobs'), hashtext($1))", schema);
        try
        {
            PostgreSqlObjectsInstaller.Install(connection, schema);
        }
        finally
        {
            Execute(connection, "select pg_advisory_unlock(hashtext('loralab jobs'), hashtext($1))", schema);
        }
    }

    private static void Execute(NpgsqlConnection connection, string sql, string value)
    {
        using NpgsqlCommand command = new(sql, connection) { Parameters = { new NpgsqlParameter { Value = value } } };
        command.ExecuteNonQuery();
    }

    private sealed class Pool(NpgsqlDataSource source) : IConnectionFactory
    {
        public NpgsqlConnection GetOrCreateConnection() => source.CreateConnection();
    }
}
