using System.Globalization;
using LoraLab.Contracts;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>Number formats that only papers need, in addition to those of <see cref="NumberFormat"/>.</summary>
internal static class PaperNumbers
{
    /// <summary>A ratio of measurements with three decimals: <c>×1.050</c>.</summary>
    public static string Ratio(double ratio) => "×" + Plain(ratio, "0.000");

    /// <summary>A number in the fixed format of a table column.</summary>
    public static string Plain(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
