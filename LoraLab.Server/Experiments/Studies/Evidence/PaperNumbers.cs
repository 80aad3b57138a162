using System.Globalization;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>Numbers in print.</summary>
internal static class PaperNumbers
{
    /// <summary>A setting: <c>1e-4</c> for small numbers, plain otherwise.</summary>
    public static string Setting(double value) => value != 0 && Math.Abs(value) < 0.01
        ? value.ToString("0.####e-0", CultureInfo.InvariantCulture)
        : value.ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>A share in percent, two decimals: one of 872 sentences is 0.11.</summary>
    public static string Percent(double share) => (share * 100).ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>A p-value.</summary>
    public static string P(double p) => p < 0.001 ? "< 0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);

    public static string Plain(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>"1 seed", "2 seeds".</summary>
    public static string Count(int n, string one) => string.Create(CultureInfo.InvariantCulture, $"{n} {one}{(n == 1 ? "" : "s")}");
}
