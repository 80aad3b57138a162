using System.Runtime.InteropServices;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Domain;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// Points of series in rows of a few kilobytes: steps and values as bytes, which preserves NaN and infinity. A row has the steps of one
/// block of one attempt, and the database appends to it, so that no node needs to know what is in it.
/// </summary>
internal static class PointRows
{
    private const int StepsPerBlock = 256;

    /// <summary>The statements that append points.</summary>
    public static IEnumerable<NpgsqlBatchCommand> Append(string runId, IEnumerable<MetricPoint> points) =>
        points.GroupBy(point => (point.Key, point.Attempt, Block: Math.DivRem(point.Step, StepsPerBlock).Quotient)).Select(row =>
            SqlParameters.Command(
                "insert into points values ($1, $2, $3, $4, $5, $6) on conflict (run, key, attempt, block) "
                    + "do update set x = points.x || excluded.x, y = points.y || excluded.y",
                runId,
                row.Key.Key,
                row.Key.Attempt,
                row.Key.Block,
                Bytes(row.Select(point => point.Step)),
                Bytes(row.Select(point => point.Value))));

    /// <summary>Series by key, with the points of each attempt up to the step that <paramref name="lastStep"/> returns for it.</summary>
    public static IReadOnlyDictionary<string, MetricSeries> Read(
        SqlQuery query, string runId, IReadOnlyCollection<string>? keys, Func<int, int> lastStep)
    {
        Dictionary<string, MetricSeries> result = [];
        IEnumerable<(string Key, int Attempt, byte[] X, byte[] Y)> rows = query.All(
            "select key, attempt, x, y from points where run = $1 and ($2::text[] is null or key = any($2)) order by key, attempt, block",
            row => (row.GetString(0), row.GetInt32(1), row.GetFieldValue<byte[]>(2), row.GetFieldValue<byte[]>(3)),
            runId,
            keys is null ? DBNull.Value : keys.ToArray());
        foreach (IGrouping<string, (string Key, int Attempt, byte[] X, byte[] Y)> series in rows.GroupBy(row => row.Key))
        {
            SeriesBuilder builder = new();
            foreach ((_, int attempt, byte[] x, byte[] y) in series)
            {
                builder.Add(MemoryMarshal.Cast<byte, int>(x), MemoryMarshal.Cast<byte, double>(y), lastStep(attempt));
            }

            MetricSeries built = builder.Build();
            if (built.X.Count > 0)
            {
                result[series.Key] = built;
            }
        }

        return result;
    }

    private static byte[] Bytes<T>(IEnumerable<T> values)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(values.ToArray()).ToArray();
}
