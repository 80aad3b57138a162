using System.Data;
using System.Runtime.InteropServices;
using LoraLab.Contracts.Live;
using LoraLab.Server.Storage.Postgres;
using Npgsql;

namespace LoraLab.Server.Storage.Transfer;

/// <summary>A PostgreSQL store at one point in time: servers may go on meanwhile.</summary>
internal sealed class PostgresSource : ITransferSource
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    public PostgresSource(NpgsqlDataSource source)
    {
        _connection = source.OpenConnection();
        _transaction = _connection.BeginTransaction(IsolationLevel.RepeatableRead);
        MayPause(_connection);
    }

    /// <inheritdoc />
    public string Place => PlaceOf(_connection);

    public static string PlaceOf(NpgsqlConnection connection) => $"the PostgreSQL database {connection.Database} at {connection.Host}";

    /// <summary>The server does not end the connection's transaction while the other side reads or writes for long.</summary>
    public static void MayPause(NpgsqlConnection connection)
    {
        using NpgsqlCommand command = new("set local idle_in_transaction_session_timeout = 0", connection);
        command.ExecuteNonQuery();
    }

    /// <summary>Everything in a database, as a connection sees it.</summary>
    public static IEnumerable<TransferItem> ReadAll(NpgsqlConnection connection)
    {
        SqlQuery query = new(() => connection, owned: false);
        yield return new(
            TransferKind.State,
            query.One("select seq, paused from counter", row => new TransferState(row.GetInt64(0), row.GetBoolean(1)))!);
        foreach (string id in query.All("select id from runs order by id", row => row.GetString(0)))
        {
            yield return new(
                TransferKind.Run, query.One("select document from runs where id = $1", row => RunRow.Read(row.GetString(0)), id)!);
            foreach (TransferItem series in TransferSeries.ItemsOf(id, query.All(
                "select key, attempt, x, y from points where run = $1 order by key, attempt, block", Row, id)))
            {
                yield return series;
            }
        }

        SqlReader reader = new(query);
        foreach (TransferItem experiment in reader.ListExperiments().OrderBy(experiment => experiment.Id, StringComparer.Ordinal)
            .Select(experiment => new TransferItem(TransferKind.Experiment, experiment)))
        {
            yield return experiment;
        }

        foreach (TransferItem response in query.All("select document from responses order by key", ResponseRows.Read)
            .Select(response => new TransferItem(TransferKind.Response, response)))
        {
            yield return response;
        }

        foreach (LiveEvent live in EventRows.After(query, 0, long.MaxValue))
        {
            yield return TransferItem.Of(live);
        }

        foreach (TransferItem key in ApiKeyRows.ReadAll(query).Select(TransferItem.Of))
        {
            yield return key;
        }
    }

    /// <inheritdoc />
    public IEnumerable<TransferItem> Read() => ReadAll(_connection);

    public void Dispose()
    {
        _transaction.Dispose();
        _connection.Dispose();
    }

    private static (string Key, int Attempt, int[] X, double[] Y) Row(NpgsqlDataReader row) => (
        row.GetString(0),
        row.GetInt32(1),
        MemoryMarshal.Cast<byte, int>(row.GetFieldValue<byte[]>(2)).ToArray(),
        MemoryMarshal.Cast<byte, double>(row.GetFieldValue<byte[]>(3)).ToArray());
}
