using LoraLab.Contracts.Metrics;

namespace LoraLab.Web.State;

/// <summary>
/// An append-only series. A snapshot is a view of the points so far, not a copy, so the cost per new point does not grow with
/// the length of the run.
/// </summary>
internal sealed class GrowingSeries
{
    private readonly List<int> _x;
    private readonly List<double?> _y;
    private readonly List<NonFinitePoint> _nonFinite;

    internal GrowingSeries(MetricSeries series)
    {
        (_x, _y, _nonFinite) = ([.. series.X], [.. series.Y], [.. series.NonFinite]);
        Snapshot = CreateSnapshot();
    }

    /// <summary>The points so far; later appends do not change it.</summary>
    internal MetricSeries Snapshot { get; private set; }

    /// <summary>Appends points if they all come after the last one; returns false otherwise.</summary>
    internal bool TryAppend(MetricSeries added)
    {
        if (added.X.Count == 0)
        {
            return true;
        }

        if (_x.Count > 0 && added.X[0] <= _x[^1])
        {
            return false;
        }

        int offset = _x.Count;
        _x.AddRange(added.X);
        _y.AddRange(added.Y);
        _nonFinite.AddRange(added.NonFinite.Select(point => point with { Index = point.Index + offset }));
        Snapshot = CreateSnapshot();
        return true;
    }

    private MetricSeries CreateSnapshot() => new()
    {
        X = new Prefix<int>(_x, _x.Count),
        Y = new Prefix<double?>(_y, _y.Count),
        NonFinite = new Prefix<NonFinitePoint>(_nonFinite, _nonFinite.Count),
    };
}
