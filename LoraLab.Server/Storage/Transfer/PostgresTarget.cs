using LoraLab.Contracts.Live;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Storage.Postgres;
using Npgsql;

namespace LoraLab.Server.Storage.Transfer;

/// <summary>A PostgreSQL store that is filled in one transaction.</summary>
internal sealed class PostgresTarget : ITransferTarget
{
    private const int StatementsPerBatch = 200;

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;
    private readonly List<NpgsqlBatchCommand> _pending = [];

    /// <param name="source">The database.</param>
    /// <param name="folder">Id of the database that the data directory was used with; null: with none. Now it belongs to this one.</param>
    /// <exception cref="StartFailure">It has something.</exception>
    public PostgresTarget(NpgsqlDataSource source, Guid? folder)
    {
        _connection = source.OpenConnection();
        _transaction = _connection.BeginTransaction();
        PostgresSource.MayPause(_connection);
        SqlQuery query = new(() => _connection, owned: false);
        string? full = query.One(
            "select string_agg(name, ', ') from (select 'runs' as name where exists (select from runs) "
                + "union all select 'studies or sweeps' where exists (select from experiments) "
                + "union all select 'responses' where exists (select from responses) "
                + "union all select 'API keys' where exists (select from api_keys)) as found",
            row => row.IsDBNull(0) ? null : row.GetString(0));
        if (full is not null)
        {
            string place = Place;
            Dispose();
            throw new StartFailure($"The store in {place} is not empty (it has {full}); choose another database or Search Path. "
                + "Nothing was imported.");
        }

        // Of a server that was started on it before, and has nothing else.
        _pending.Add(new NpgsqlBatchCommand("delete from events"));
        if (folder is Guid id)
        {
            Add("update cluster set id = $1, marked = true", id);
        }
    }

    /// <inheritdoc />
    public string Place => PostgresSource.PlaceOf(_connection);

    /// <inheritdoc />
    public void Write(TransferItem item)
    {
        switch (item.Value)
        {
            case TransferState state:
                Add("update counter set seq = $1, paused = $2", state.Seq, state.Paused);
                break;
            case StoredRun run:
                _pending.Add(SqlTransaction.Upsert(run));
                break;
            case TransferSeries series:
                _pending.AddRange(PointRows.Append(series.Run, series.Points));
                break;
            case StoredExperiment experiment:
                _pending.Add(SqlTransaction.Upsert(experiment));
                break;
            case StoredResponse response:
                _pending.Add(ResponseRows.Insert(response));
                break;
            case LiveEvent live:
                Add(
                    "insert into events values ($1, $2, $3, $4, $5, $6)",
                    live.Seq,
                    live.RunId,
                    live.Type,
                    live.At.ToUniversalTime(),
                    EventRows.DataOf(live),
                    Guid.Empty);
                break;
            case StoredKey key:
                _pending.Add(ApiKeyRows.Insert(key));
                break;
        }

        if (_pending.Count >= StatementsPerBatch)
        {
            Send();
        }
    }

    /// <inheritdoc />
    public IEnumerable<TransferItem> Read()
    {
        Send();
        return PostgresSource.ReadAll(_connection);
    }

    /// <inheritdoc />
    public void Commit()
    {
        Send();
        _transaction.Commit();
    }

    public void Dispose()
    {
        _transaction.Dispose();
        _connection.Dispose();
    }

    private void Add(string sql, params object?[] values) => _pending.Add(SqlParameters.Command(sql, values));

    private void Send()
    {
        if (_pending.Count == 0)
        {
            return;
        }

        using NpgsqlBatch batch = new(_connection, _transaction);
        foreach (NpgsqlBatchCommand command in _pending)
        {
            batch.BatchCommands.Add(command);
        }

        batch.ExecuteNonQuery();
        _pending.Clear();
    }
}
