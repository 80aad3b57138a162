using System.Globalization;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>
/// The largest deviation of each quantity from a reference file. Deviations are printed before they are asserted, so the margin
/// is visible in passing tests too: <c>dotnet test --logger "console;verbosity=detailed"</c>.
/// </summary>
internal sealed class Deviations(ITestOutputHelper output, string reference)
{
    private readonly SortedDictionary<string, Largest> _largest = new(StringComparer.Ordinal);

    /// <summary>|actual − expected| / |expected|.</summary>
    public void Relative(string quantity, string place, double expected, double actual, double limit) =>
        Record($"{quantity}, relative", place, expected, actual, Math.Abs(actual - expected) / Math.Abs(expected), limit);

    /// <summary>|actual − expected|.</summary>
    public void Absolute(string quantity, string place, double expected, double actual, double limit) =>
        Record($"{quantity}, absolute", place, expected, actual, Math.Abs(actual - expected), limit);

    /// <summary>Prints one line per quantity, then fails if any is over its limit.</summary>
    public void AssertWithinLimits()
    {
        Assert.NotEmpty(_largest);
        foreach ((string quantity, Largest found) in _largest)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"DEVIATION | {reference} | {quantity} | "
                + $"{found.Deviation:0.0e+00} | limit {found.Limit:0e+00} | {found.Count} values, largest at {found.Place}"));
        }

        // Not "deviation > limit": a NaN must fail.
        Assert.All(_largest, entry => Assert.True(
            entry.Value.Deviation <= entry.Value.Limit,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{reference}: {entry.Key} at {entry.Value.Place}: expected {entry.Value.Expected:R}, got {entry.Value.Actual:R}")));
    }

    private void Record(string quantity, string place, double expected, double actual, double deviation, double limit)
    {
        Largest found = new(place, expected, actual, deviation, limit, 1);
        if (_largest.TryGetValue(quantity, out Largest? previous))
        {
            found = deviation <= previous.Deviation || double.IsNaN(previous.Deviation)
                ? previous with { Count = previous.Count + 1 }
                : found with { Count = previous.Count + 1 };
        }

        _largest[quantity] = found;
    }

    private sealed record Largest(string Place, double Expected, double Actual, double Deviation, double Limit, int Count);
}
