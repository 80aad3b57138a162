using LoraLab.Server.Infrastructure;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// A connection that lives as long as the node, with locks that end with it: one on the node's name, which no other node may have, and one
/// that makes its holder the leader. A lost connection is opened again.
/// </summary>
internal sealed class NodeSession : IDisposable
{
    private const string TakeName = "select pg_try_advisory_lock(hashtext('loralab node ' || current_schema()), hashtext($1))";
    private const string TakeLead = "select pg_try_advisory_lock(hashtext('loralab leader ' || current_schema()), 0)";

    // A node that is stopped, not dead, keeps its connection and its lock, but its lease ends. The name of its connection says whose it is.
    private const string NameConnection = "select set_config('application_name', left('LoraLab ' || $1, 63), false)";
    private const string EndStoppedLeader = """
        select pg_terminate_backend(held.pid) from pg_locks as held
          join pg_stat_activity as session on session.pid = held.pid
          join nodes on session.application_name = left('LoraLab ' || nodes.name, 63)
          where held.locktype = 'advisory' and held.granted and held.objid = 0
            and held.database = (select oid from pg_database where datname = current_database())
            and held.classid::bigint = hashtext('loralab leader ' || current_schema())::bigint & 4294967295
            and nodes.until < clock_timestamp()
        """;

    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    /// <summary>The database notices the death of an earlier process of this node within a moment.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly PostgresDatabase _database;
    private readonly ILogger<NodeSession> _log;
    private readonly DatabaseThread _thread;
    private NpgsqlConnection? _connection;
    private bool _lead;

    public NodeSession(PostgresDatabase database, IOptions<LoraLabOptions> options, TimeProvider time, ILogger<NodeSession> log)
    {
        (_database, _log, Name) = (database, log, NodeNames.Of(options.Value));
        long began = time.GetTimestamp();
        while (!TryConnect())
        {
            if (time.GetElapsedTime(began) > _patience)
            {
                throw new StartFailure($"Another LoraLab node named {Name} uses this PostgreSQL database; give each node its own "
                    + "LoraLab:NodeName, or connect this one to another database or Search Path.");
            }

            Thread.Sleep(_interval);
        }

        Lead();
        _thread = new DatabaseThread("session", _interval, _ => Keep(), _ => Lose());
    }

    /// <summary>Name of this node.</summary>
    public string Name { get; }

    /// <summary>Whether this node is the leader.</summary>
    public bool IsLeader => Volatile.Read(ref _lead);

    /// <summary>Whether another node took this one's name while its connection was lost.</summary>
    public bool NameIsTaken { get; private set; }

    public void Dispose()
    {
        _thread.Dispose();
        if (_connection is not null)
        {
            Drop(_connection);
        }
    }

    private void Keep()
    {
        if (_connection is not null || TryConnect())
        {
            NameIsTaken = false;
            Lead();
            return;
        }

        if (!NameIsTaken)
        {
            _log.LogCritical("Another node is named {Node} too; give each node its own LoraLab:NodeName", Name);
        }

        NameIsTaken = true;
    }

    /// <summary>Without a word: <see cref="EventRelay"/> tells that the database is away.</summary>
    private void Lose()
    {
        Volatile.Write(ref _lead, false);
        _connection?.Dispose();
        _connection = null;
    }

    /// <summary>Takes the lead if nobody has it, and notices a lost connection.</summary>
    private void Lead()
    {
        using NpgsqlCommand command = new(IsLeader ? "select true" : TakeLead, _connection) { CommandTimeout = 10 };
        bool lead = command.ExecuteScalar() is true;
        if (!lead)
        {
            using NpgsqlCommand end = new(EndStoppedLeader, _connection) { CommandTimeout = 10 };
            if (end.ExecuteScalar() is true)
            {
                _log.LogWarning("The node that leads does not answer any more; another one takes the lead");
            }
        }

        if (lead && !IsLeader)
        {
            _log.LogInformation("This node leads: it does what is done once for all nodes");
        }

        Volatile.Write(ref _lead, lead);
    }

    private bool TryConnect()
    {
        NpgsqlConnection connection = _database.Source.OpenConnection();
        using NpgsqlCommand take = new(TakeName, connection) { Parameters = { new NpgsqlParameter { Value = Name } } };
        if (take.ExecuteScalar() is true)
        {
            using NpgsqlCommand name = new(NameConnection, connection) { Parameters = { new NpgsqlParameter { Value = Name } } };
            name.ExecuteNonQuery();
            _connection = connection;
            return true;
        }

        connection.Dispose();
        return false;
    }

    private static void Drop(NpgsqlConnection connection)
    {
        try
        {
            using NpgsqlCommand release = new("select pg_advisory_unlock_all()", connection);
            release.ExecuteNonQuery();
        }
        catch (Exception error) when (error is NpgsqlException or InvalidOperationException)
        {
            // The connection was lost, and the locks with it.
        }

        connection.Dispose();
    }
}
