namespace LoraLab.Web.Charts;

/// <summary>A chart ready to draw: lines and axes. <c>metric-chart.js</c> reads the property names.</summary>
public sealed record ChartDrawing
{
    /// <summary>Lines in drawing order.</summary>
    public IReadOnlyList<ChartLine> Lines { get; init; } = [];

    /// <summary>The axis of steps, tokens or seconds.</summary>
    public required NiceAxis X { get; init; }

    /// <summary>The axis of values; their base-10 logarithms on a logarithmic axis.</summary>
    public required NiceAxis Y { get; init; }

    public bool LogY { get; init; }

    /// <summary>The ticks of a logarithmic axis, as base-10 logarithms; empty: those of the axis.</summary>
    public IReadOnlyList<double> YTicks { get; init; } = [];

    /// <summary>The spreads around means.</summary>
    public IReadOnlyList<ChartBand> Bands { get; init; } = [];

    /// <summary><c>number</c>, <c>percent</c> or <c>rate</c>.</summary>
    public required string Format { get; init; }

    /// <summary>NaN and infinite points within the window.</summary>
    public IReadOnlyList<ChartMark> Marks { get; init; } = [];

    /// <summary>Vertical lines.</summary>
    public IReadOnlyList<ChartMoment> Moments { get; init; } = [];

    /// <summary>The number of runs with at least one point.</summary>
    public int SeriesCount { get; init; }

    /// <summary>The number of points of all runs, drawn or not.</summary>
    public int PointCount { get; init; }

    /// <summary>The number of points that a logarithmic axis cannot show.</summary>
    public int NotPositive { get; init; }

    /// <summary>Whether a long curve was decimated for drawing.</summary>
    public bool Thinned { get; init; }

    /// <summary>Whether lower values are better, which decides the order in the tooltip.</summary>
    public bool LowerIsBetter { get; init; }
}

/// <summary>One polyline.</summary>
public sealed record ChartLine
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Color { get; init; }

    /// <summary>Whether the line is faint: raw values behind a smoothed line, or superseded points.</summary>
    public bool Faint { get; init; }

    /// <summary>Length of its dashes in pixels; 0: solid.</summary>
    public int Dash { get; init; }

    public required IReadOnlyList<double> X { get; init; }

    /// <summary>Values to draw; null breaks the line.</summary>
    public required IReadOnlyList<double?> Y { get; init; }
}

/// <summary>A non-finite value, marked at the edge of the plot.</summary>
/// <param name="X">Place on the x axis.</param>
/// <param name="Value"><c>NaN</c>, <c>Infinity</c> or <c>-Infinity</c>.</param>
/// <param name="Name">The run's name.</param>
/// <param name="Color">Its color.</param>
public sealed record ChartMark(double X, string Value, string Name, string Color);
