using LoraLab.Server.Infrastructure;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// Keeps a second server off the same tables, as long as its connection lasts: runs do not belong to a node yet, so that one server would
/// take the runs of another for those of a dead one.
/// </summary>
internal sealed class NodeLock : IDisposable
{
    private readonly NpgsqlConnection _connection;

    public NodeLock(NpgsqlDataSource source)
    {
        _connection = source.OpenConnection();
        using NpgsqlCommand take = new("select pg_try_advisory_lock(hashtext('loralab node ' || current_schema()))", _connection);
        if (take.ExecuteScalar() is not true)
        {
            _connection.Dispose();
            throw new StartFailure("Another LoraLab server uses this PostgreSQL database; stop it, or connect this one to another database "
                + "or Search Path.");
        }
    }

    public void Dispose()
    {
        try
        {
            using NpgsqlCommand release = new("select pg_advisory_unlock_all()", _connection);
            release.ExecuteNonQuery();
        }
        catch (Exception error) when (error is NpgsqlException or InvalidOperationException)
        {
            // The connection was lost, and the lock with it.
        }

        _connection.Dispose();
    }
}
