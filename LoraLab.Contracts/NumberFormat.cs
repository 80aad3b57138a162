using System.Globalization;

namespace LoraLab.Contracts;

/// <summary>
/// How figures are written for people, the same on every page and in every sentence of server and trainer. Invariant culture: a point
/// before decimals, a comma between thousands. The typographic minus sign stands before negative values, the hyphen in exponents.
/// </summary>
public static class NumberFormat
{
    private const double Kibi = 1024;

    /// <summary>A share in [0, 1] as a percentage with two decimals: 0.9461 as <c>94.61%</c>.</summary>
    public static string Percent(double share) => PercentFigure(share) + "%";

    /// <summary>The same without the sign, for a column whose heading has it: <c>94.61</c>.</summary>
    public static string PercentFigure(double share) => Signed(share * 100, "0.00");

    /// <summary>
    /// A share with one decimal, where an interval or a deviation beside it limits the digits that matter: 0.9461 as <c>94.6%</c>.
    /// </summary>
    public static string Share(double share) => ShareFigure(share) + "%";

    /// <summary>The same without the sign: <c>94.6</c>.</summary>
    public static string ShareFigure(double share) => Signed(share * 100, "0.0");

    /// <summary>A part of a whole as a rounded percentage: 105 of 405 as <c>26%</c>; <c>0%</c> where the whole is 0.</summary>
    public static string PercentOf(double part, double whole) => (whole == 0 ? "0" : Signed(100 * part / whole, "0")) + "%";

    /// <summary>An interval of shares, in percent without the sign: 0.929 and 0.959 as <c>[92.9, 95.9]</c>.</summary>
    public static string Interval(double low, double high) => $"[{ShareFigure(low)}, {ShareFigure(high)}]";

    /// <summary>Mean and standard deviation of shares: <c>86.0 ± 4.2%</c>.</summary>
    public static string MeanAndDeviation(double mean, double deviation) => $"{ShareFigure(mean)} ± {Share(deviation)}";

    /// <summary>A difference of shares in percentage points, always with its sign: −0.012 as <c>−1.20</c>, 0.005 as <c>+0.50</c>.</summary>
    public static string Points(double difference) => Text(Math.Round(difference * 100, 2), "+0.00;−0.00;0.00");

    /// <summary>An interval of a difference in percentage points: <c>[−1.20, +0.50]</c>.</summary>
    public static string PointsInterval(double low, double high) => $"[{Points(low)}, {Points(high)}]";

    /// <summary>A p-value to three decimals, smaller ones as a bound: <c>0.031</c>, <c>&lt; 0.001</c>.</summary>
    public static string PValue(double p) => p < 0.001 ? "< 0.001" : Text(p, "0.000");

    /// <summary>A p-value with its relation, for running text: <c>p = 0.031</c>, <c>p &lt; 0.001</c>.</summary>
    public static string PStatement(double p) => p < 0.001 ? $"p {PValue(p)}" : $"p = {PValue(p)}";

    /// <summary>A test statistic with two decimals: <c>2.75</c>, <c>−0.43</c>.</summary>
    public static string TestStatistic(double value) => Signed(value, "0.00");

    /// <summary>
    /// Four significant digits, integer digits never rounded away: <c>0.6931</c>, <c>12.35</c>, <c>22,528</c>; with an exponent below 0.001
    /// and from ten million on: <c>1.5e-5</c>. A value that is not finite is <c>NaN</c>, <c>Infinity</c> or <c>-Infinity</c>.
    /// </summary>
    public static string Number(double value)
    {
        if (!double.IsFinite(value))
        {
            return Text(value, null);
        }

        double size = Math.Abs(value);
        string format = size switch
        {
            0 => "0",
            < 1e-3 or >= 1e7 => "0.###e0",
            < 1e-2 => "0.######",
            < 1e-1 => "0.#####",
            < 1 => "0.####",
            < 10 => "0.###",
            < 100 => "0.##",
            < 1000 => "#,0.#",
            _ => "#,0",
        };
        return Signed(value, format);
    }

    /// <summary>
    /// The value of a hyper-parameter, learning rates included, as people type it: with an exponent below 0.01 (<c>2e-4</c>), else plain
    /// (<c>0.05</c>, <c>16</c>, <c>20000</c>).
    /// </summary>
    public static string Setting(double value) => value != 0 && Math.Abs(value) < 0.01 ? Text(value, "0.####e0") : Text(value, "0.######");

    /// <summary>Seconds: <c>48.2 s</c>, <c>12 min 05 s</c>, <c>1 h 12 min</c>.</summary>
    public static string Duration(double seconds)
    {
        if (Math.Round(seconds, 1) < 60)
        {
            return Text(seconds, seconds < 10 ? "0.0" : "0.#") + " s";
        }

        long whole = (long)Math.Round(seconds);
        if (whole < 3600)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{whole / 60} min {whole % 60:00} s");
        }

        long minutes = (long)Math.Round(seconds / 60);
        return string.Create(CultureInfo.InvariantCulture, $"{minutes / 60:#,0} h {minutes % 60:00} min");
    }

    /// <summary>MiB as MiB or, from 1,024 on, as GiB: <c>&lt; 0.1 MiB</c>, <c>3.4 MiB</c>, <c>940 MiB</c>, <c>7.75 GiB</c>.</summary>
    public static string Memory(double mebibytes) => mebibytes switch
    {
        > 0 and < 0.05 => "< 0.1 MiB",
        > 0 and < 9.95 => Text(mebibytes, "0.0") + " MiB",
        < Kibi - 0.5 => Text(mebibytes, "0") + " MiB",
        _ => Text(mebibytes / Kibi, "#,0.00") + " GiB",
    };

    /// <summary>MiB as MiB whatever their number, beside a setting that is given in MiB: <c>8,192 MiB</c>.</summary>
    public static string Mebibytes(double mebibytes) => Text(mebibytes, "#,0") + " MiB";

    /// <summary>Bytes in the unit that fits: <c>512 B</c>, <c>12.3 KiB</c>, <c>940 MiB</c>, <c>2.05 GiB</c>.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1 << 10 => Text(bytes, "0") + " B",
        < 1 << 20 => Text(bytes / Kibi, "0.#") + " KiB",
        _ => Memory(bytes / Kibi / Kibi),
    };

    /// <summary>A count in full: <c>22,528</c>.</summary>
    public static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A count with its noun, whose plural takes an s: <c>1 run</c>, <c>1,250 runs</c>.</summary>
    public static string Count(long count, string noun) => $"{Count(count)} {noun}{(count == 1 ? "" : "s")}";

    /// <summary>A large count with three or four digits: <c>1.1B</c>, <c>4.21M</c>, <c>260k</c>; in full below 1,000.</summary>
    public static string Rounded(long count) => count switch
    {
        >= 999_995_000 => Text(count / 1e9, "0.##") + "B",
        >= 999_950 => Text(count / 1e6, "0.##") + "M",
        >= 1_000 => Text(count / 1e3, "0.#") + "k",
        _ => Count(count),
    };

    /// <summary>Steps done of all: <c>step 450/1,250 (36%)</c>.</summary>
    public static string Progress(int step, int totalSteps) => $"step {Count(step)}/{Count(totalSteps)} ({PercentOf(step, totalSteps)})";

    // The second section is for negative values. One that rounds to zero takes the first section, with a hyphen of its own.
    private static string Signed(double value, string format) => Text(value, $"{format};−{format}").TrimStart('-');

    private static string Text(double value, string? format) => value.ToString(format, CultureInfo.InvariantCulture);
}
