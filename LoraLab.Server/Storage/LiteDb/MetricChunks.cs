using System.Runtime.InteropServices;
using LiteDB;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>
/// Points of a series in documents of a few kilobytes: columns of steps and values as bytes, which preserves NaN and infinity. A document
/// holds points of one attempt; all are kept, and superseded ones are filtered on reading.
/// Used inside the store's lock only.
/// </summary>
internal sealed class MetricChunks
{
    private const int PointsPerChunk = 256;

    private readonly ILiteCollection<BsonDocument> _collection;
    private readonly Dictionary<(string Run, string Key), Tail> _tails = [];

    public MetricChunks(ILiteCollection<BsonDocument> collection) => _collection = collection;

    public void Append(string runId, List<MetricPoint> points)
    {
        foreach (IGrouping<string, MetricPoint> series in points.GroupBy(point => point.Key))
        {
            Tail tail = FindTail(runId, series.Key);
            bool changed = false;
            foreach (MetricPoint point in series)
            {
                if (tail.Attempt != point.Attempt)
                {
                    if (changed)
                    {
                        Write(runId, series.Key, tail);
                        changed = false;
                    }

                    tail = _tails[(runId, series.Key)] = new Tail(tail.Steps.Count > 0 ? tail.Index + 1 : tail.Index, point.Attempt);
                }

                tail.Steps.Add(point.Step);
                tail.Values.Add(point.Value);
                changed = true;
                if (tail.Steps.Count == PointsPerChunk)
                {
                    Write(runId, series.Key, tail);
                    tail = _tails[(runId, series.Key)] = new Tail(tail.Index + 1, tail.Attempt);
                    changed = false;
                }
            }

            if (changed)
            {
                Write(runId, series.Key, tail);
            }
        }
    }

    /// <summary>
    /// Series by key, with the points of each attempt up to the step that <paramref name="lastStep"/> returns for its number.
    /// </summary>
    public IReadOnlyDictionary<string, MetricSeries> Read(string runId, IReadOnlyCollection<string>? keys, Func<int, int> lastStep)
    {
        Dictionary<string, MetricSeries> result = [];
        foreach (IGrouping<string, BsonDocument> series in _collection.Find(Query.EQ("run", runId)).GroupBy(chunk => chunk["key"].AsString)
            .OrderBy(series => series.Key, StringComparer.Ordinal))
        {
            if (keys is null || keys.Contains(series.Key))
            {
                SeriesBuilder builder = new();
                foreach (BsonDocument chunk in series.OrderBy(chunk => chunk["index"].AsInt32))
                {
                    builder.Add(
                        MemoryMarshal.Cast<byte, int>(chunk["x"].AsBinary),
                        MemoryMarshal.Cast<byte, double>(chunk["y"].AsBinary),
                        lastStep(AttemptOf(chunk)));
                }

                MetricSeries built = builder.Build();
                if (built.X.Count > 0)
                {
                    result[series.Key] = built;
                }
            }
        }

        return result;
    }

    public void Remove(string runId)
    {
        _collection.DeleteMany(Query.EQ("run", runId));
        Release(runId);
    }

    /// <summary>Frees the memory of a run that has ended.</summary>
    public void Release(string runId)
    {
        foreach ((string Run, string Key) key in _tails.Keys.Where(key => key.Run == runId).ToList())
        {
            _tails.Remove(key);
        }
    }

    /// <summary>After a rollback the cached tails may differ from the database.</summary>
    public void ClearTails() => _tails.Clear();

    private Tail FindTail(string runId, string key)
    {
        if (_tails.TryGetValue((runId, key), out Tail? tail))
        {
            return tail;
        }

        tail = new Tail(0, 0);
        foreach (BsonDocument chunk in _collection.Find(Query.EQ("run", runId)).Where(chunk => chunk["key"].AsString == key))
        {
            if (chunk["index"].AsInt32 >= tail.Index)
            {
                tail = new Tail(chunk["index"].AsInt32, AttemptOf(chunk));
                tail.Steps.AddRange(MemoryMarshal.Cast<byte, int>(chunk["x"].AsBinary));
                tail.Values.AddRange(MemoryMarshal.Cast<byte, double>(chunk["y"].AsBinary));
            }
        }

        if (tail.Steps.Count >= PointsPerChunk)
        {
            tail = new Tail(tail.Index + 1, tail.Attempt);
        }

        return _tails[(runId, key)] = tail;
    }

    /// <summary>The expected value of the document's <c>sum</c>.</summary>
    public static int ChecksumOf(BsonDocument chunk) =>
        Checksum.Of(
            IdOf(chunk["run"].AsString, chunk["key"].AsString, chunk["index"].AsInt32),
            AttemptOf(chunk),
            chunk["x"].AsBinary,
            chunk["y"].AsBinary);

    private void Write(string runId, string key, Tail tail)
    {
        BsonDocument chunk = new()
        {
            ["_id"] = IdOf(runId, key, tail.Index),
            ["run"] = runId,
            ["key"] = key,
            ["index"] = tail.Index,
            ["attempt"] = tail.Attempt,
            ["x"] = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(tail.Steps)).ToArray(),
            ["y"] = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(tail.Values)).ToArray(),
        };
        chunk["sum"] = ChecksumOf(chunk);
        _collection.Upsert(chunk);
    }

    private static string IdOf(string runId, string key, int index) => $"{runId}|{key}|{index:D6}";

    private static int AttemptOf(BsonDocument chunk) => chunk["attempt"].AsInt32;

    private sealed class Tail(int index, int attempt)
    {
        public int Index { get; } = index;

        public int Attempt { get; } = attempt;

        public List<int> Steps { get; } = [];

        public List<double> Values { get; } = [];
    }
}
