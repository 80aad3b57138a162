using LoraLab.Contracts.Metrics;

namespace LoraLab.Web.Charts;

/// <summary>One curve: a metric of a run.</summary>
/// <param name="Id">The run.</param>
/// <param name="Name">What the tooltip calls it.</param>
/// <param name="Color"><c>#rrggbb</c>.</param>
/// <param name="Data">The points.</param>
public sealed record ChartSeries(string Id, string Name, string Color, MetricSeries Data)
{
    /// <summary>Drawn faint and left out of the tooltip: points that do not count.</summary>
    public bool Faint { get; init; }
}
