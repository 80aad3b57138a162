using System.Globalization;
using LoraLab.Contracts;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>Numbers of tables and claims, by the rules of <see cref="NumberFormat"/>.</summary>
internal static class PaperNumbers
{
    /// <inheritdoc cref="NumberFormat.Setting"/>
    public static string Setting(double value) => NumberFormat.Setting(value);

    /// <summary>A share in percent without the sign, two decimals: one of 872 sentences is 0.11.</summary>
    public static string Percent(double share) => NumberFormat.PercentFigure(share);

    /// <inheritdoc cref="NumberFormat.PValue"/>
    public static string P(double p) => NumberFormat.PValue(p);

    public static string Plain(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <inheritdoc cref="NumberFormat.Count(long, string)"/>
    public static string Count(int n, string one) => NumberFormat.Count(n, one);
}
