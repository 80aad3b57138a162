using LoraLab.Contracts.Metrics;

namespace LoraLab.Web.State;

/// <summary>
/// The metric series of the runs on a page: loaded over REST, extended by live events. A series is replaced, never modified.
/// </summary>
public sealed class MetricStore
{
    private readonly Dictionary<(string Run, string Key), GrowingSeries> _series = [];

    public static MetricSeries Empty { get; } = new();

    public MetricSeries Get(string runId, string key) =>
        _series.TryGetValue((runId, key), out GrowingSeries? series) ? series.Snapshot : Empty;

    /// <summary>Keys of a run's series.</summary>
    public IEnumerable<string> KeysOf(string runId) => _series.Keys.Where(series => series.Run == runId).Select(series => series.Key);

    /// <summary>Replaces a run's series.</summary>
    public void Replace(RunMetrics metrics)
    {
        foreach ((string key, MetricSeries series) in metrics.Series)
        {
            _series[(metrics.RunId, key)] = new GrowingSeries(series);
        }
    }

    /// <summary>Merges new points: an existing step gets the new value, and points superseded by a resumed attempt are removed.</summary>
    public void Merge(RunMetrics metrics)
    {
        if (metrics.SupersededAfter is int last)
        {
            Truncate(metrics.RunId, last);
        }

        foreach ((string key, MetricSeries added) in metrics.Series)
        {
            if (!_series.TryGetValue((metrics.RunId, key), out GrowingSeries? current) || !current.TryAppend(added))
            {
                _series[(metrics.RunId, key)] = new GrowingSeries(Merge(Get(metrics.RunId, key), added));
            }
        }
    }

    /// <summary>Removes a run's points beyond a step; a resumed attempt reports them again.</summary>
    private void Truncate(string runId, int lastStep)
    {
        foreach ((string Run, string Key) series in _series.Keys.Where(series => series.Run == runId).ToList())
        {
            MetricSeries current = _series[series].Snapshot;
            int kept = current.X.TakeWhile(x => x <= lastStep).Count();
            if (kept < current.X.Count)
            {
                _series[series] = new GrowingSeries(new MetricSeries
                {
                    X = [.. current.X.Take(kept)],
                    Y = [.. current.Y.Take(kept)],
                    NonFinite = [.. current.NonFinite.Where(point => point.Index < kept)],
                });
            }
        }
    }

    /// <summary>Merges two series in step order; for a step in both, the added point wins.</summary>
    private static MetricSeries Merge(MetricSeries current, MetricSeries added)
    {
        SortedDictionary<int, (double? Value, string? Word)> points = [];
        Add(points, current);
        Add(points, added);
        List<NonFinitePoint> nonFinite = [];
        int index = 0;
        foreach ((int step, (_, string? word)) in points)
        {
            if (word is not null)
            {
                nonFinite.Add(new(index, step, word));
            }

            index++;
        }

        return new MetricSeries { X = [.. points.Keys], Y = [.. points.Values.Select(point => point.Value)], NonFinite = nonFinite };
    }

    private static void Add(SortedDictionary<int, (double? Value, string? Word)> points, MetricSeries series)
    {
        Dictionary<int, string> words = series.NonFinite.ToDictionary(point => point.Index, point => point.Value);
        for (int i = 0; i < series.X.Count; i++)
        {
            points[series.X[i]] = (series.Y[i], words.GetValueOrDefault(i));
        }
    }
}
