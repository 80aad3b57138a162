namespace LoraLab.Contracts.Metrics;

/// <summary>
/// A metric, described once. Summaries, charts, columns, sort keys, sweep objectives, tables of studies and exports are derived from it.
/// </summary>
public sealed record MetricDescriptor
{
    /// <summary>Key of its points, for example <c>eval/macroF1</c>; what is before the slash says when it is measured.</summary>
    public required string Key { get; init; }

    /// <summary>Name in running text, for example <c>macro-F1</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What it measures, in a few words; null: the name says it.</summary>
    public string? Description { get; init; }

    /// <summary>Unit of <see cref="Number"/>; percent for shares by default; null: none.</summary>
    public string? Unit { get => field ?? (Format == MetricFormat.Share ? "%" : null); init; }

    /// <summary>Title of its chart, whose axis shows the sign of percentages; by default its name.</summary>
    public string ChartTitle { get => field ?? (Format == MetricFormat.Share ? Label : Heading); init; }

    /// <summary>Name of its columns and members in exports; what is behind the slash of the key by default.</summary>
    public string ShortKey { get => field ?? Key[(Key.IndexOf('/') + 1)..]; init; }

    /// <summary>Which values are better.</summary>
    public MetricDirection Direction { get; init; }

    /// <summary>How its values are written.</summary>
    public MetricFormat Format { get; init; }

    /// <summary>Number format of its values in tables of runs, without unit: a tenth of a percent, or four decimals.</summary>
    public string TableFormat { get => field ?? (Format == MetricFormat.Share ? "0.0" : "0.0000"); init; }

    /// <summary>Number format of its means over seeds, which are a digit more precise.</summary>
    public string MeanFormat { get => field ?? (Format == MetricFormat.Share ? "0.00" : "0.0000"); init; }

    /// <summary>The tasks that measure it.</summary>
    public MetricScope Scope { get; init; }

    /// <summary>Whether it is measured on the texts that an evaluation generates, and only there.</summary>
    public bool IsOfGenerated { get; init; }

    /// <summary>The charts among which it is drawn; null: none.</summary>
    public MetricChartGroup? ChartGroup { get; init; }

    /// <summary>How its curve is smoothed.</summary>
    public MetricSmoothing Smoothing { get; init; }

    /// <summary>Whether its chart is left out of a run that has no points of it.</summary>
    public bool IsOptional { get; init; }

    /// <summary>Whether tables of runs have a column for it.</summary>
    public bool HasColumn { get; init; }

    /// <summary>Whether the summary of a run has its last and its best value: every metric of evaluations, and those that say so.</summary>
    public bool IsSummarized { get => field || IsEvaluation; init; }

    /// <summary>Whether evaluations measure it.</summary>
    public bool IsEvaluation => IsEvaluationKey(Key);

    /// <summary>Name as a heading, for example <c>Macro-F1</c>.</summary>
    public string Label => char.ToUpperInvariant(Name[0]) + Name[1..];

    /// <summary>The direction as a sign: 1 if higher is better, -1 if lower is better, 0 for neither.</summary>
    public int Sign => Direction switch
    {
        MetricDirection.HigherIsBetter => 1,
        MetricDirection.LowerIsBetter => -1,
        _ => 0,
    };

    /// <summary>Name with its unit as the heading of a column of bare numbers, for example <c>Macro-F1 (%)</c>.</summary>
    public string Heading => Unit is null ? Label : $"{Label} ({Unit})";

    /// <summary>The descriptor of a key that no descriptor has: a plain number, shown under its key.</summary>
    public static MetricDescriptor Unknown(string key) => new()
    {
        Key = key,
        Name = key,
        ChartTitle = key,
        ChartGroup = IsEvaluationKey(key) ? MetricChartGroup.Evaluation : MetricChartGroup.Training,
        IsOptional = true,
    };

    /// <summary>Returns whether points of the key are measured by evaluations.</summary>
    public static bool IsEvaluationKey(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.StartsWith("eval/", StringComparison.Ordinal);
    }

    /// <summary>A value in running text.</summary>
    public string Text(double value) => Format switch
    {
        MetricFormat.Share => NumberFormat.Percent(value),
        MetricFormat.Rate => NumberFormat.Setting(value),
        _ => NumberFormat.Number(value),
    };

    /// <summary>A difference of two values in running text, with its sign: of shares in percentage points.</summary>
    public string Difference(double value) =>
        Format == MetricFormat.Share
            ? $"{NumberFormat.Points(value)} percentage points"
            : (value > 0 ? "+" : "") + NumberFormat.Number(value);

    /// <summary>A value in its <see cref="Unit"/>: shares in percent.</summary>
    public double Number(double value) => Format == MetricFormat.Share ? value * 100 : value;

    /// <summary>Returns whether a value is better than another; never, if the metric has no direction.</summary>
    public bool IsBetter(double value, double other) => Sign * value > Sign * other;
}
