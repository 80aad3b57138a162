namespace LoraLab.Web.Charts;

/// <summary>What the browser draws: finished lines and axes. Property names are those that <c>metric-chart.js</c> reads.</summary>
public sealed record ChartDrawing
{
    /// <summary>Lines in drawing order.</summary>
    public IReadOnlyList<ChartLine> Lines { get; init; } = [];

    /// <summary>Steps.</summary>
    public required NiceAxis X { get; init; }

    /// <summary>Values; logarithms to base 10 on a logarithmic axis.</summary>
    public required NiceAxis Y { get; init; }

    public bool LogY { get; init; }

    /// <summary><c>number</c>, <c>percent</c> or <c>rate</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Points that are NaN or infinite, within the window.</summary>
    public IReadOnlyList<ChartMark> Marks { get; init; } = [];

    /// <summary>Runs that have at least one point.</summary>
    public int SeriesCount { get; init; }

    /// <summary>Points of all runs, drawn or not.</summary>
    public int PointCount { get; init; }

    /// <summary>Points that a logarithmic axis cannot show.</summary>
    public int NotPositive { get; init; }

    /// <summary>True where a long curve was thinned for drawing.</summary>
    public bool Thinned { get; init; }

    /// <summary>True where a lower value is better; the tooltip sorts by it.</summary>
    public bool LowerIsBetter { get; init; }
}

/// <summary>One polyline.</summary>
public sealed record ChartLine
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Color { get; init; }

    /// <summary>True for the raw values behind a smoothed line.</summary>
    public bool Faint { get; init; }

    /// <summary>True for a limit.</summary>
    public bool Dashed { get; init; }

    public required IReadOnlyList<int> X { get; init; }

    /// <summary>Values to draw; null breaks the line.</summary>
    public required IReadOnlyList<double?> Y { get; init; }
}

/// <summary>A value that cannot be drawn at its height.</summary>
/// <param name="X">Step.</param>
/// <param name="Value"><c>NaN</c>, <c>Infinity</c> or <c>-Infinity</c>.</param>
/// <param name="Name">The run.</param>
/// <param name="Color">Its colour.</param>
public sealed record ChartMark(int X, string Value, string Name, string Color);
