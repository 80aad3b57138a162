using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Web.Components;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>
/// A paired test from the side of one of its runs: its metric minus that of the other, and b counts the rows that only it got right.
/// </summary>
/// <param name="Test">The test.</param>
/// <param name="Metric">The tested metric.</param>
/// <param name="Reversed">Seen from the second run.</param>
internal sealed record PairView(PairedTest Test, MetricDescriptor Metric, bool Reversed)
{
    /// <summary>Significance level for the Holm-adjusted p-value.</summary>
    public const double Alpha = 0.05;

    public double? Difference => Reversed ? -Test.Difference : Test.Difference;

    public int? B => Reversed ? Test.C : Test.B;

    public int? C => Reversed ? Test.B : Test.C;

    public bool IsSignificant => Test.HolmP < Alpha;

    /// <summary>CSS class of the cell.</summary>
    public string CssClass
        => Test.P is null ? "pair-none" : !IsSignificant ? "pair-even" : Metric.Sign * Difference > 0 ? "pair-better" : "pair-worse";

    private string Rows => Test.B is null
        ? $" in {Metric.Name} over {Format.Count(Test.Rows)} rows."
        : $". Of {Format.Count(Test.Rows)} rows, only the first run is correct on {Format.Count(B)}, only the second on {Format.Count(C)}.";

    /// <summary>The test in full, for the tooltip.</summary>
    public string Explain(string name, string other)
    {
        string factors = Test.Factors.Count == 0 ? "" : $" They also differ in {string.Join(", ", Test.Factors)}.";
        return Test.NotTestedReason is string reason
            ? $"{name} vs. {other}: not tested. {reason}"
            : $"{name} vs. {other}: {Metric.Difference(Difference ?? 0)}{Rows} "
                + $"{NumberFormat.PStatement(Test.P ?? 1)}; Holm-adjusted {NumberFormat.PStatement(Test.HolmP ?? 1)}.{factors}";
    }

    /// <summary>All tests by pair of run IDs, from both sides.</summary>
    public static IReadOnlyDictionary<(string, string), PairView> ByRuns(PairedTests tests) => tests.Pairs
        .SelectMany(test => (KeyValuePair<(string, string), PairView>[])
        [
            new((test.RunA, test.RunB), new(test, MetricCatalog.Default.Of(tests.Metric), false)),
            new((test.RunB, test.RunA), new(test, MetricCatalog.Default.Of(tests.Metric), true)),
        ])
        .ToDictionary();
}
