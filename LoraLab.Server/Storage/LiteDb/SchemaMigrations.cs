using LiteDB;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>Migrations from each schema version of the database to the next.</summary>
internal static class SchemaMigrations
{
    /// <summary>The schema version that this server writes.</summary>
    public const int Current = 3;

    private static readonly Action<LiteDatabase>[] _steps = [AddAttemptsAndChecksums, AddExperiments];

    public static int VersionOf(LiteDatabase database) =>
        database.GetCollection(Tables.Meta).FindById("schema")?["value"].AsInt32 ?? (database.CollectionExists(Tables.Runs) ? 1 : Current);

    /// <summary>Applies all migrations from a version in one transaction.</summary>
    public static void Run(LiteDatabase database, int version)
    {
        database.BeginTrans();
        try
        {
            foreach (Action<LiteDatabase> step in _steps.Skip(version - 1))
            {
                step(database);
            }

            database.GetCollection(Tables.Meta).Upsert(new BsonDocument { ["_id"] = "schema", ["value"] = Current });
            database.Commit();
        }
        catch
        {
            database.Rollback();
            throw;
        }
    }

    /// <summary>1 → 2: chunks of series belong to an attempt; runs, responses and chunks have checksums.</summary>
    private static void AddAttemptsAndChecksums(LiteDatabase database)
    {
        ILiteCollection<BsonDocument> points = database.GetCollection(Tables.Points);
        foreach (BsonDocument chunk in points.FindAll().ToList())
        {
            chunk["attempt"] = chunk["attempt"].IsNull ? 1 : chunk["attempt"];
            chunk["sum"] = MetricChunks.ChecksumOf(chunk);
            points.Update(chunk);
        }

        foreach (string name in (string[])[Tables.Runs, Tables.Responses])
        {
            ILiteCollection<BsonDocument> collection = database.GetCollection(name);
            foreach (BsonDocument document in collection.FindAll().ToList())
            {
                document["sum"] = Checksum.Of(document["json"].AsString);
                collection.Update(document);
            }
        }
    }

    /// <summary>2 → 3: studies and sweeps. No document changes, but an older server would drop the runs' references to them.</summary>
    private static void AddExperiments(LiteDatabase database) => _ = database.GetCollection(Tables.Experiments);
}
