using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>The database that the nodes share.</summary>
internal sealed class PostgresDatabase : IDisposable
{
    public PostgresDatabase(IConfiguration configuration)
    {
        Source = PostgresConnection.Open(configuration.GetConnectionString(PostgresConnection.Name)!);
        Query = new SqlQuery(Source.OpenConnection, owned: true);
    }

    /// <summary>The pool of connections.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>Executes statements, each on a connection of the pool.</summary>
    public SqlQuery Query { get; }

    public void Dispose() => Source.Dispose();
}
