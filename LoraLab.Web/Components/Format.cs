using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Components;

/// <summary>
/// Figures of a page: <see cref="NumberFormat"/> with a placeholder for a value that is not known yet, and times relative to the reader.
/// The full value belongs in the tooltip.
/// </summary>
public static class Format
{
    /// <summary>The placeholder for a value that is not known yet.</summary>
    public const string Nothing = "–";

    /// <inheritdoc cref="NumberFormat.Percent"/>
    public static string Percent(double? share) => OrNothing(share, NumberFormat.Percent);

    /// <inheritdoc cref="MetricDescriptor.Text"/>
    public static string Metric(MetricDescriptor metric, double? value)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return OrNothing(value, metric.Text);
    }

    /// <summary>The same with one decimal for shares, in tables.</summary>
    public static string ShortMetric(MetricDescriptor metric, double? value)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return metric.Format == MetricFormat.Share ? Share(value) : Metric(metric, value);
    }

    /// <inheritdoc cref="NumberFormat.Share"/>
    public static string Share(double? share) => OrNothing(share, NumberFormat.Share);

    /// <summary><see cref="NumberFormat.Interval"/>, empty where an end is not known.</summary>
    public static string Interval(double? low, double? high) =>
        low is double from && high is double to ? NumberFormat.Interval(from, to) : "";

    /// <summary>An interval of values of a metric, of shares in percent; empty where an end is not known.</summary>
    public static string Interval(MetricDescriptor metric, double? low, double? high)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return metric.Format == MetricFormat.Share ? Interval(low, high)
            : low is double from && high is double to ? $"[{metric.Text(from)}, {metric.Text(to)}]"
            : "";
    }

    /// <summary>A difference in a metric with its sign, of shares in percentage points.</summary>
    public static string Difference(MetricDescriptor metric, double? difference)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return metric.Format == MetricFormat.Share ? Points(difference) : OrNothing(difference, Signed);
    }

    /// <summary>An interval of differences in a metric, of shares in percentage points; empty where an end is not known.</summary>
    public static string DifferenceInterval(MetricDescriptor metric, double? low, double? high)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return metric.Format == MetricFormat.Share ? PointsInterval(low, high)
            : low is double from && high is double to ? $"[{Signed(from)}, {Signed(to)}]"
            : "";
    }

    /// <inheritdoc cref="NumberFormat.Points"/>
    public static string Points(double? difference) => OrNothing(difference, NumberFormat.Points);

    /// <summary><see cref="NumberFormat.PointsInterval"/>, empty where an end is not known.</summary>
    public static string PointsInterval(double? low, double? high) =>
        low is double from && high is double to ? NumberFormat.PointsInterval(from, to) : "";

    /// <inheritdoc cref="NumberFormat.PValue"/>
    public static string PValue(double? p) => OrNothing(p, NumberFormat.PValue);

    /// <inheritdoc cref="NumberFormat.Number"/>
    public static string Number(double? number) => OrNothing(number, NumberFormat.Number);

    /// <summary>A learning rate, see <see cref="NumberFormat.Setting"/>.</summary>
    public static string Rate(double? rate) => OrNothing(rate, NumberFormat.Setting);

    /// <inheritdoc cref="NumberFormat.Duration"/>
    public static string Duration(double? seconds) => OrNothing(seconds, NumberFormat.Duration);

    /// <inheritdoc cref="NumberFormat.Memory"/>
    public static string Memory(double? mebibytes) => OrNothing(mebibytes, NumberFormat.Memory);

    /// <inheritdoc cref="NumberFormat.Count(long)"/>
    public static string Count(long? count) => count is long value ? NumberFormat.Count(value) : Nothing;

    /// <summary>The steps of a run, or its phase before the number of steps is known.</summary>
    public static string Progress(RunProgress progress) => progress.TotalSteps > 0
        ? NumberFormat.Progress(progress.Step, progress.TotalSteps)
        : progress.Phase ?? "starting";

    /// <summary>The share of the steps done, in [0, 1].</summary>
    public static double Share(RunProgress progress) =>
        progress.TotalSteps > 0 ? Math.Clamp((double)progress.Step / progress.TotalSteps, 0, 1) : 0;

    /// <summary>A time relative to now: <c>3 min ago</c>; a date after a month.</summary>
    public static string Ago(DateTimeOffset at, DateTimeOffset now)
    {
        TimeSpan age = now - at;
        return age.TotalSeconds switch
        {
            < 45 => "now",
            < 3600 => $"{Math.Max(Math.Round(age.TotalMinutes), 1):0} min ago",
            < 86400 => $"{Math.Round(age.TotalHours):0} h ago",
            < 172800 => "yesterday",
            < 2592000 => $"{Math.Floor(age.TotalDays):0} days ago",
            _ => at.ToLocalTime().ToString("MMM d, yyyy", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>A time of the day in the reader's time zone, with the weekday unless it is today's.</summary>
    public static string Clock(DateTimeOffset at, DateTimeOffset now)
    {
        DateTimeOffset local = at.ToOffset(now.Offset);
        return local.ToString(local.Date == now.Date ? "HH:mm" : "ddd HH:mm", CultureInfo.InvariantCulture);
    }

    /// <summary>Date and time in the reader's time zone.</summary>
    public static string Timestamp(DateTimeOffset at) => at.ToLocalTime().ToString("MMM d, yyyy, HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Signed(double value) => (value > 0 ? "+" : "") + NumberFormat.Number(value);

    private static string OrNothing(double? value, Func<double, string> format) => value is double known ? format(known) : Nothing;
}
