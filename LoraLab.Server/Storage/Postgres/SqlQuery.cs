using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>Executes statements on a connection, or each on one of the pool.</summary>
/// <param name="open">Opens a connection.</param>
/// <param name="owned">Whether it is closed after the statement.</param>
/// <param name="before">Called before each, such as to write what later reads must see.</param>
internal sealed class SqlQuery(Func<NpgsqlConnection> open, bool owned, Action? before = null)
{
    /// <summary>The first row; null or the default value: there is none.</summary>
    public T? One<T>(string sql, Func<NpgsqlDataReader, T> read, params object[] values) => All(sql, read, values).FirstOrDefault();

    public IReadOnlyList<T> All<T>(string sql, Func<NpgsqlDataReader, T> read, params object[] values) =>
        [.. Many([(SqlParameters.Command(sql, values), row => read(row)!)])[0].Cast<T>()];

    /// <summary>Executes statements in one round trip; the rows of each.</summary>
    public IReadOnlyList<IReadOnlyList<object>> Many(IReadOnlyList<(NpgsqlBatchCommand Sql, Func<NpgsqlDataReader, object> Read)> all)
    {
        before?.Invoke();
        NpgsqlConnection connection = open();
        try
        {
            using NpgsqlBatch batch = new(connection);
            foreach ((NpgsqlBatchCommand sql, _) in all)
            {
                batch.BatchCommands.Add(sql);
            }

            using NpgsqlDataReader reader = batch.ExecuteReader();
            List<IReadOnlyList<object>> results = [];
            foreach ((_, Func<NpgsqlDataReader, object> read) in all)
            {
                List<object> rows = [];
                while (reader.Read())
                {
                    rows.Add(read(reader));
                }

                results.Add(rows);
                reader.NextResult();
            }

            return results;
        }
        finally
        {
            if (owned)
            {
                connection.Dispose();
            }
        }
    }
}
