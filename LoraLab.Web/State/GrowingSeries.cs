using LoraLab.Contracts.Metrics;

namespace LoraLab.Web.State;

/// <summary>
/// A series that new points are appended to. A snapshot is a view of the points that are there, not a copy: a run of a hundred
/// thousand steps costs as much for each new point as a short one.
/// </summary>
internal sealed class GrowingSeries
{
    private readonly List<int> _x;
    private readonly List<double?> _y;
    private readonly List<NonFinitePoint> _nonFinite;

    internal GrowingSeries(MetricSeries series)
    {
        (_x, _y, _nonFinite) = ([.. series.X], [.. series.Y], [.. series.NonFinite]);
        Snapshot = Take();
    }

    /// <summary>The points so far; does not change when more come.</summary>
    internal MetricSeries Snapshot { get; private set; }

    /// <summary>Appends points that lie behind the last one; false where they do not.</summary>
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
        Snapshot = Take();
        return true;
    }

    private MetricSeries Take() => new()
    {
        X = new Prefix<int>(_x, _x.Count),
        Y = new Prefix<double?>(_y, _y.Count),
        NonFinite = new Prefix<NonFinitePoint>(_nonFinite, _nonFinite.Count),
    };
}
