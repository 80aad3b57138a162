using LoraLab.Files;
using LoraLab.Server.Infrastructure;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// Checks that the data directory is the one that the other nodes use too: a file in it has the id of the database. Runs are continued
/// from the files of the node that began them.
/// </summary>
internal sealed class SharedFolder
{
    private const string FileName = "cluster";

    public SharedFolder(PostgresDatabase database, LoraLabPaths paths)
    {
        string file = Path.Combine(paths.DataDirectory, FileName);
        try
        {
            Directory.CreateDirectory(paths.RunsDirectory);
            Directory.CreateDirectory(paths.NodeDirectory);
            using NpgsqlConnection connection = database.Source.OpenConnection();
            // Nodes that start together mark it one after the other.
            using NpgsqlTransaction transaction = connection.BeginTransaction();
            SqlQuery query = new(() => connection, owned: false);
            (Guid id, bool isMarked) = query.One(
                "select id, marked from cluster for update", row => (row.GetGuid(0), row.GetBoolean(1)));
            string? found = File.Exists(file) ? File.ReadAllText(file).Trim() : null;
            if (found is null && !isMarked)
            {
                DurableFile.WriteAllText(file, id.ToString());
                query.All("update cluster set marked = true", row => true);
                found = id.ToString();
            }

            transaction.Commit();
            if (found != id.ToString())
            {
                throw new StartFailure($"The data directory {paths.DataDirectory} is not the one that the other nodes of this PostgreSQL "
                    + $"database use: {file} {(found is null ? "is missing" : $"has another id than {id}")}. "
                    + "Set LoraLab:DataDirectory to the folder that all nodes share (a volume or NFS), "
                    + "and mount it before the node starts.");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StartFailure($"The data directory {paths.DataDirectory} is not writable ({error.Message.TrimEnd('.')}); "
                + "make it writable, or set LoraLab:DataDirectory to the folder that all nodes share.");
        }
    }

    /// <summary>Id of the database that a data directory belongs to; null: it belongs to none.</summary>
    public static Guid? IdIn(string dataDirectory) =>
        Path.Combine(dataDirectory, FileName) is { } file && File.Exists(file) && Guid.TryParse(File.ReadAllText(file).Trim(), out Guid id)
            ? id
            : null;
}
