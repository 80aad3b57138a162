using System.Text.Json;
using LiteDB;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>
/// Reads the whole database once at startup: a damaged page is found now, while everything can still be rebuilt, and not later
/// in the middle of a run.
/// </summary>
internal static class DatabaseCheck
{
    /// <summary>Throws an exception of any type if something is damaged.</summary>
    public static void Run(LiteDatabase database)
    {
        long seq = database.GetCollection(Tables.Meta).FindById("seq")?["value"].AsInt64 ?? 0;
        foreach (BsonDocument run in database.GetCollection(Tables.Runs).FindAll())
        {
            Require(run, Checksum.Of(run["json"].AsString));
            Require(Tables.ReadRun(run).Document.Id == run["_id"].AsString, run);
        }

        foreach (BsonDocument experiment in database.GetCollection(Tables.Experiments).FindAll())
        {
            Require(experiment, Checksum.Of(experiment["json"].AsString));
            Require(Tables.ReadExperiment(experiment).Id == experiment["_id"].AsString, experiment);
        }

        foreach (BsonDocument response in database.GetCollection(Tables.Responses).FindAll())
        {
            Require(response, Checksum.Of(response["json"].AsString));
        }

        CheckPoints(database.GetCollection(Tables.Points));
        CheckEvents(database.GetCollection(Tables.Events), seq);
    }

    private static void CheckPoints(ILiteCollection<BsonDocument> points)
    {
        Dictionary<string, int> byRun = [];
        foreach (BsonDocument chunk in points.FindAll())
        {
            Require(chunk, MetricChunks.ChecksumOf(chunk));
            Count(byRun, chunk["run"].AsString);
        }

        CheckIndex(points, byRun, "points");
    }

    private static void CheckEvents(ILiteCollection<BsonDocument> events, long seq)
    {
        Dictionary<string, int> byRun = [];
        foreach (BsonDocument live in events.FindAll())
        {
            using JsonDocument _ = JsonDocument.Parse(live["data"].AsString);
            Require(live["_id"].AsInt64 <= seq, live);
            if (live["run"].AsString is { } run)
            {
                Count(byRun, run);
            }
        }

        CheckIndex(events, byRun, "events");
    }

    /// <summary>The index by run must find the same documents: a truncated list is detected by comparing the two.</summary>
    private static void CheckIndex(ILiteCollection<BsonDocument> collection, Dictionary<string, int> byRun, string name)
    {
        foreach ((string run, int count) in byRun)
        {
            int found = collection.Count(Query.EQ("run", run));
            if (found != count)
            {
                throw new DamagedDatabaseException($"{count} documents of run {run} in {name}, but {found} in its index");
            }
        }
    }

    private static void Count(Dictionary<string, int> byRun, string run) => byRun[run] = byRun.GetValueOrDefault(run) + 1;

    private static void Require(BsonDocument document, int sum) => Require(document["sum"].AsInt32 == sum, document);

    private static void Require(bool whole, BsonDocument document)
    {
        if (!whole)
        {
            throw new DamagedDatabaseException($"document {document["_id"]} is corrupted");
        }
    }
}
