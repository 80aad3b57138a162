using System.Runtime.InteropServices;
using LiteDB;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Storage.LiteDb;

namespace LoraLab.Server.Storage.Transfer;

/// <summary>The embedded store of a data directory that no server uses, without a change to it.</summary>
internal sealed class LiteDbSource : ITransferSource
{
    private readonly DatabaseFile _file;
    private readonly IKeyStore _keys;
    private readonly Tables _tables;

    private LiteDbSource(DatabaseFile file, string path, IKeyStore keys)
    {
        (_file, Place, _keys) = (file, path, keys);
        _tables = new Tables(file);
    }

    /// <inheritdoc />
    public string Place { get; }

    /// <summary>Opens and checks the database.</summary>
    /// <exception cref="StartFailure">There is none, or it is damaged or of another schema.</exception>
    public static LiteDbSource Open(string path, IKeyStore keys)
    {
        if (!File.Exists(path))
        {
            throw new StartFailure($"There is no database {path}; set LoraLab:DataDirectory to the folder that has it, "
                + "or ConnectionStrings:Postgres.");
        }

        DatabaseFile? file = null;
        try
        {
            file = DatabaseFile.Open(path);
            int version = SchemaMigrations.VersionOf(file.Engine);
            if (version != SchemaMigrations.Current)
            {
                throw new StartFailure($"The database {path} has schema {version}, and this server reads schema "
                    + $"{SchemaMigrations.Current}: "
                    + (version < SchemaMigrations.Current
                        ? "start it once on this data directory, which updates the database after a backup."
                        : "use the newer LoraLab that wrote it."));
            }

            DatabaseCheck.Run(file.Engine);
            return new LiteDbSource(file, path, keys);
        }
        catch (Exception error)
        {
            file?.Dispose();
            if (error is StartFailure or OutOfMemoryException)
            {
                throw;
            }

            throw new StartFailure($"The database {path} cannot be read ({error.Message.TrimEnd('.')}); "
                + "start the server on this data directory, which rebuilds a damaged one from the run directories.");
        }
    }

    /// <inheritdoc />
    public IEnumerable<TransferItem> Read() => ReadAll(_file, _tables).Concat(_keys.Read().Select(TransferItem.Of));

    /// <summary>Everything in a database.</summary>
    public static IEnumerable<TransferItem> ReadAll(DatabaseFile file, Tables tables)
    {
        yield return new(TransferKind.State, new TransferState(tables.Seq, tables.Paused ?? false));
        ILiteCollection<BsonDocument> runs = file.Engine.GetCollection(Tables.Runs);
        ILiteCollection<BsonDocument> points = file.Engine.GetCollection(Tables.Points);
        List<string> ids = [.. runs.Query().Select("{ _id }").ToEnumerable().Select(run => run["_id"].AsString)
            .Order(StringComparer.Ordinal)];
        foreach (string id in ids)
        {
            yield return new(TransferKind.Run, Tables.ReadRun(runs.FindById(id)));
            foreach (TransferItem series in TransferSeries.ItemsOf(id, points.Find(Query.EQ("run", id))
                .OrderBy(chunk => chunk["index"].AsInt32).Select(Row)))
            {
                yield return series;
            }
        }

        foreach (StoredExperiment experiment in tables.AllExperiments().OrderBy(experiment => experiment.Id, StringComparer.Ordinal))
        {
            yield return new(TransferKind.Experiment, experiment);
        }

        foreach (StoredResponse response in tables.AllResponses().OrderBy(response => response.Key, StringComparer.Ordinal))
        {
            yield return new(TransferKind.Response, response);
        }

        foreach (TransferItem live in tables.EventsAfter(0).Select(TransferItem.Of))
        {
            yield return live;
        }
    }

    public void Dispose() => _tables.Dispose();

    private static (string Key, int Attempt, int[] X, double[] Y) Row(BsonDocument chunk) => (
        chunk["key"].AsString,
        chunk["attempt"].AsInt32,
        MemoryMarshal.Cast<byte, int>(chunk["x"].AsBinary).ToArray(),
        MemoryMarshal.Cast<byte, double>(chunk["y"].AsBinary).ToArray());
}
