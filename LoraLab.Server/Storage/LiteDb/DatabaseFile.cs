using LiteDB;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>
/// The open database: LiteDB over its data file and its log. An error of the disk ends LiteDB's engine for good; the file is then closed
/// and opened again, and the log gives back everything that was committed.
/// </summary>
internal sealed class DatabaseFile : IDisposable
{
    private readonly DatabaseStream data;
    private readonly DatabaseStream log;

    private DatabaseFile(DatabaseStream data, DatabaseStream log)
    {
        this.data = data;
        this.log = log;
        Engine = new LiteDatabase(data, new BsonMapper(), log);
    }

    public LiteDatabase Engine { get; }

    /// <summary>The file of committed pages that are not in the data file yet.</summary>
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
            // Its last checkpoint failed, or it had ended itself: what was committed is in the files.
        }

        log.Dispose();
        data.Dispose();
    }
}
