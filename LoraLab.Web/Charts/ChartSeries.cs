using LoraLab.Contracts.Metrics;

namespace LoraLab.Web.Charts;

/// <summary>One curve: a metric of a run.</summary>
/// <param name="Id">The run's id.</param>
/// <param name="Name">The name in the tooltip.</param>
/// <param name="Color"><c>#rrggbb</c>.</param>
/// <param name="Data">The points.</param>
public sealed record ChartSeries(string Id, string Name, string Color, MetricSeries Data)
{
    /// <summary>Number among the runs of its method, whose curves differ in their dashes; 0: solid.</summary>
    public int Variant { get; init; }

    /// <summary>Where a step lies on the x axis; null: the axis is of steps.</summary>
    public StepScale? Position { get; init; }

    /// <summary>Standard deviation at every point, of a mean; null: it is a single run.</summary>
    public IReadOnlyList<double>? Deviation { get; init; }

    /// <summary>Whether the curve is drawn faint and omitted from the tooltip, as for superseded points.</summary>
    public bool Faint { get; init; }
}
