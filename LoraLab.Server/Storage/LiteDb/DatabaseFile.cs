using LiteDB;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>
/// The open database: LiteDB over its data file and its log. A disk error makes LiteDB's engine unusable; the files are then closed
/// and reopened, and everything committed is recovered from the log.
/// </summary>
internal sealed class DatabaseFile : IDisposable
{
    private readonly DatabaseStream _data;
    private readonly DatabaseStream _log;

    private DatabaseFile(DatabaseStream data, DatabaseStream log)
    {
        _data = data;
        _log = log;
        Engine = new LiteDatabase(data, new BsonMapper(), log);
    }

    public LiteDatabase Engine { get; }

    /// <summary>Path of the log: committed pages that are not in the data file yet.</summary>
    public static string LogOf(string path) =>
        Path.Combine(Path.GetDirectoryName(path)!, $"{Path.GetFileNameWithoutExtension(path)}-log{Path.GetExtension(path)}");

    public static DatabaseFile Open(string path)
    {
        DatabaseStream data = new(path);
        DatabaseStream? log = null;
        try
        {
            log = new DatabaseStream(LogOf(path));
            return new DatabaseFile(data, log);
        }
        catch
        {
            log?.Dispose();
            data.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        try
        {
            Engine.Dispose();
        }
        catch (Exception)
        {
            // Its last checkpoint failed, or the engine had already stopped: everything committed is in the files.
        }

        _log.Dispose();
        _data.Dispose();
    }
}
