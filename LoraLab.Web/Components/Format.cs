using System.Globalization;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Components;

/// <summary>Numbers as people read them; the full value belongs in the tooltip.</summary>
public static class Format
{
    /// <summary>What stands where nothing is known yet.</summary>
    public const string Nothing = "–";

    private const double MebibytesPerGibibyte = 1024;

    /// <summary>0.9461 as 94.61 %.</summary>
    public static string Percent(double? share) => share is double value ? Text(value * 100, "0.00") + " %" : Nothing;

    /// <summary>0.9461 as 94.6 %, where an interval beside it says how much the next digit is worth.</summary>
    public static string Share(double? share) => share is double value ? Text(value * 100, "0.0") + " %" : Nothing;

    /// <summary>0.929 and 0.959 as [92.9, 95.9].</summary>
    public static string Interval(double? low, double? high) => low is double from && high is double to ? $"[{Text(from * 100, "0.0")}, {Text(to * 100, "0.0")}]" : "";

    /// <summary>A difference of shares in percentage points, always with its sign.</summary>
    public static string Points(double? difference) => difference is double value
        ? Text(Math.Round(value * 100, 2), "+0.00;−0.00;0.00")
        : Nothing;

    /// <summary>An interval of a difference in percentage points.</summary>
    public static string PointsInterval(double? low, double? high) => low is null || high is null ? "" : $"[{Points(low)}, {Points(high)}]";

    /// <summary>A p-value to three places; smaller ones as a bound.</summary>
    public static string PValue(double? p) => p is not double value ? Nothing : value < 0.001 ? "< 0.001" : Text(value, "0.000");

    /// <summary>Four significant digits, scientific outside the readable range.</summary>
    public static string Number(double? number)
    {
        if (number is not double value)
        {
            return Nothing;
        }

        if (!double.IsFinite(value))
        {
            return Text(value, null);
        }

        double size = Math.Abs(value);
        return size switch
        {
            0 => "0",
            < 1e-3 or >= 1e7 => Scientific(value),
            < 1 => Text(value, "0.####"),
            < 10 => Text(value, "0.###"),
            < 100 => Text(value, "0.##"),
            < 1000 => Text(value, "0.#"),
            _ => Text(value, "#,0"),
        };
    }

    /// <summary>A learning rate as it is written in papers: 2e-4.</summary>
    public static string Rate(double? rate) => rate is double value ? (value == 0 ? "0" : Scientific(value)) : Nothing;

    /// <summary>1 h 12 m, 48.2 s.</summary>
    public static string Duration(double? seconds)
    {
        if (seconds is not double value)
        {
            return Nothing;
        }

        if (value < 60)
        {
            return Text(value, value < 10 ? "0.0" : "0.#") + " s";
        }

        long whole = (long)Math.Round(value);
        return whole < 3600
            ? $"{whole / 60} m {whole % 60:00} s"
            : $"{whole / 3600} h {whole % 3600 / 60:00} m";
    }

    /// <summary>MiB, or GiB from one on.</summary>
    public static string Memory(double? mebibytes) => mebibytes is not double value
        ? Nothing
        : value >= MebibytesPerGibibyte ? Text(value / MebibytesPerGibibyte, "0.00") + " GB" : Text(value, "0") + " MB";

    public static string Gigabytes(double mebibytes) => Text(mebibytes / MebibytesPerGibibyte, "0.0");

    public static string Bytes(long bytes) => bytes < 1024 * 1024 ? Text(bytes / 1024.0, "0.#") + " kB" : Memory(bytes / 1024.0 / 1024.0);

    /// <summary>22,528.</summary>
    public static string Count(long? count) => count is long value ? value.ToString("#,0", CultureInfo.InvariantCulture) : Nothing;

    /// <summary>1.1 B, 260 k.</summary>
    public static string Rounded(long count) => count switch
    {
        >= 1_000_000_000 => Text(count / 1e9, "0.##") + " B",
        >= 1_000_000 => Text(count / 1e6, "0.##") + " M",
        >= 1_000 => Text(count / 1e3, "0.#") + " k",
        _ => Count(count),
    };

    /// <summary>step 450/1250 (36 %).</summary>
    public static string Progress(RunProgress progress) => progress.TotalSteps > 0
        ? string.Create(CultureInfo.InvariantCulture, $"step {progress.Step}/{progress.TotalSteps} ({100.0 * progress.Step / progress.TotalSteps:0} %)")
        : progress.Phase ?? "starting";

    /// <summary>Share of the steps done, in [0, 1].</summary>
    public static double Share(RunProgress progress) => progress.TotalSteps > 0 ? Math.Clamp((double)progress.Step / progress.TotalSteps, 0, 1) : 0;

    /// <summary>3 min ago.</summary>
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
            _ => at.ToLocalTime().ToString("d MMM yyyy", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>The moment in the reader's time zone.</summary>
    public static string Moment(DateTimeOffset at) => at.ToLocalTime().ToString("d MMM yyyy, HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Scientific(double value) => Text(value, "0.###e0");

    private static string Text(double value, string? format) => value.ToString(format, CultureInfo.InvariantCulture);
}
