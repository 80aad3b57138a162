using LiteDB;
using LoraLab.Contracts.Live;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Storage.LiteDb;
using LoraLab.Server.Storage.Records;

namespace LoraLab.Server.Storage.Transfer;

/// <summary>
/// The embedded store of a data directory, written to a new file that takes its place at the end. Documents beside it, such as
/// <c>run.json</c>, are written by the next start.
/// </summary>
internal sealed class LiteDbTarget : ITransferTarget
{
    private const int ItemsPerTransaction = 500;

    private readonly string _path;
    private readonly string _new;
    private readonly IKeyStore _keys;
    private readonly StoreStateFile _stateFile;
    private readonly List<StoredKey> _newKeys = [];
    private readonly DatabaseFile _file;
    private readonly Tables _tables;
    private readonly ILiteCollection<BsonDocument> _runs;
    private TransferState _state = new(0, false);
    private int _uncommitted;

    private LiteDbTarget(string path, IKeyStore keys, StoreStateFile stateFile)
    {
        (_path, _new, _keys, _stateFile) = (path, path + ".importing", keys, stateFile);
        Delete(_new);
        _file = DatabaseFile.Open(_new);
        _tables = new Tables(_file);
        _runs = _file.Engine.GetCollection(Tables.Runs);
        _file.Engine.GetCollection(Tables.Meta).Upsert(
            new BsonDocument { ["_id"] = "schema", ["value"] = SchemaMigrations.Current });
    }

    /// <inheritdoc />
    public string Place => _path;

    /// <summary>Opens a store that has nothing yet.</summary>
    /// <exception cref="StartFailure">It has something.</exception>
    public static LiteDbTarget Open(string path, IKeyStore keys, StoreStateFile stateFile)
    {
        if (keys.Read().Count > 0 || HasDocuments(path))
        {
            throw new StartFailure($"The store in {Path.GetDirectoryName(path)} is not empty; move {Path.GetFileName(path)} and "
                + "api-keys.json out of the way, or set LoraLab:DataDirectory to another folder. Nothing was imported.");
        }

        return new LiteDbTarget(path, keys, stateFile);
    }

    /// <inheritdoc />
    public void Write(TransferItem item)
    {
        if (_uncommitted++ == 0)
        {
            _file.Engine.BeginTrans();
        }

        switch (item.Value)
        {
            case TransferState state:
                _state = state;
                ILiteCollection<BsonDocument> meta = _file.Engine.GetCollection(Tables.Meta);
                meta.Upsert(new BsonDocument { ["_id"] = "seq", ["value"] = state.Seq });
                meta.Upsert(new BsonDocument { ["_id"] = "paused", ["value"] = state.Paused });
                break;
            case StoredRun run:
                _runs.Insert(Tables.Write(run));
                break;
            case TransferSeries series:
                _tables.Chunks.Append(series.Run, series.Points);
                _tables.Chunks.Release(series.Run);
                break;
            case StoredExperiment experiment:
                _file.Engine.GetCollection(Tables.Experiments).Insert(Tables.Write(experiment));
                break;
            case StoredResponse response:
                _file.Engine.GetCollection(Tables.Responses).Insert(Tables.Write(response));
                break;
            case LiveEvent live:
                _file.Engine.GetCollection(Tables.Events).Insert(Tables.Write(live));
                break;
            case StoredKey key:
                _newKeys.Add(key);
                break;
        }

        if (_uncommitted == ItemsPerTransaction)
        {
            CommitItems();
        }
    }

    /// <inheritdoc />
    public IEnumerable<TransferItem> Read()
    {
        CommitItems();
        using Tables written = new(_file, owned: false);
        return [.. LiteDbSource.ReadAll(_file, written), .. _newKeys.Select(TransferItem.Of)];
    }

    /// <inheritdoc />
    public void Commit()
    {
        CommitItems();
        _file.Engine.Checkpoint();
        _tables.Dispose();
        // A log of the empty database would be read as that of the new one.
        File.Delete(DatabaseFile.LogOf(_path));
        _stateFile.Restart(_state.Seq, _state.Paused);
        foreach (StoredKey key in _newKeys)
        {
            _keys.Add(key);
        }

        File.Move(_new, _path, overwrite: true);
        File.Delete(DatabaseFile.LogOf(_new));
    }

    public void Dispose()
    {
        _tables.Dispose();
        Delete(_new);
    }

    private static bool HasDocuments(string path)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using DatabaseFile file = DatabaseFile.Open(path);
        return new[] { Tables.Runs, Tables.Experiments, Tables.Responses }.Any(name => file.Engine.GetCollection(name).Count() > 0);
    }

    private static void Delete(string path)
    {
        File.Delete(path);
        File.Delete(DatabaseFile.LogOf(path));
    }

    private void CommitItems()
    {
        if (_uncommitted > 0)
        {
            _file.Engine.Commit();
            _uncommitted = 0;
        }
    }
}
