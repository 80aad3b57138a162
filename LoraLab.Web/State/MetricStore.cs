using LoraLab.Contracts.Metrics;

namespace LoraLab.Web.State;

/// <summary>Series of the runs on a page: filled from REST, kept growing by the live channel. Series are replaced, never changed.</summary>
public sealed class MetricStore
{
    private readonly Dictionary<(string Run, string Key), GrowingSeries> _series = [];

    public static MetricSeries Empty { get; } = new();

    public MetricSeries Get(string runId, string key) => _series.TryGetValue((runId, key), out GrowingSeries? series) ? series.Snapshot : Empty;

    /// <summary>Takes a run's whole series.</summary>
    public void Replace(RunMetrics metrics)
    {
        foreach ((string key, MetricSeries series) in metrics.Series)
        {
            _series[(metrics.RunId, key)] = new GrowingSeries(series);
        }
    }

    /// <summary>Takes new points: a step that is there already gets the new value, and what a resumed attempt superseded goes.</summary>
    public void Merge(RunMetrics metrics)
    {
        if (metrics.SupersededAfter is int last)
        {
            Cut(metrics.RunId, last);
        }

        foreach ((string key, MetricSeries added) in metrics.Series)
        {
            if (!_series.TryGetValue((metrics.RunId, key), out GrowingSeries? known) || !known.TryAppend(added))
            {
                _series[(metrics.RunId, key)] = new GrowingSeries(Merge(Get(metrics.RunId, key), added));
            }
        }
    }

    /// <summary>Forgets a run's points beyond a step: a resumed attempt tells them again.</summary>
    private void Cut(string runId, int lastStep)
    {
        foreach ((string Run, string Key) series in _series.Keys.Where(series => series.Run == runId).ToList())
        {
            MetricSeries known = _series[series].Snapshot;
            int kept = known.X.TakeWhile(x => x <= lastStep).Count();
            if (kept < known.X.Count)
            {
                _series[series] = new GrowingSeries(new MetricSeries
                {
                    X = [.. known.X.Take(kept)],
                    Y = [.. known.Y.Take(kept)],
                    NonFinite = [.. known.NonFinite.Where(point => point.Index < kept)],
                });
            }
        }
    }

    /// <summary>The points of both in the order of their steps; of a step that both have, the added one.</summary>
    private static MetricSeries Merge(MetricSeries known, MetricSeries added)
    {
        SortedDictionary<int, (double? Value, string? Word)> points = [];
        Add(points, known);
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
