namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// Tells all nodes that there are new events, as the only one that does: a notification takes a lock on the whole database when it commits,
/// so the leader looks for them, and notifies at most ten times per second, instead of every transaction.
/// </summary>
internal sealed class SeqNotifier : IDisposable
{
    /// <summary>Name of the channel, for this place in the database.</summary>
    public const string Channel = "select 'loralab_' || md5(current_schema())";

    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(100);

    private readonly PostgresDatabase _database;
    private readonly NodeSession _session;
    private readonly DatabaseThread _thread;
    private (long Seq, long Transient) _told;

    public SeqNotifier(PostgresDatabase database, NodeSession session)
    {
        (_database, _session) = (database, session);
        _thread = new DatabaseThread("notifications", _interval, _ => Tell());
    }

    public void Dispose() => _thread.Dispose();

    private void Tell()
    {
        if (!_session.IsLeader)
        {
            return;
        }

        (long Seq, long Transient) last = _database.Query.One(
            "select seq, (select coalesce(max(id), 0) from passing) from counter", row => (row.GetInt64(0), row.GetInt64(1)));
        if (last != _told)
        {
            _database.Query.All($"select pg_notify(({Channel}), $1::text)", row => true, last.Seq);
            _told = last;
        }
    }
}
