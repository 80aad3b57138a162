using LoraLab.Contracts.Compare;
using LoraLab.Web.Components;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>A paired test as one of its runs sees it: gains are positive, and b counts the rows that only this run got right.</summary>
/// <param name="Test">The test.</param>
/// <param name="Turned">Seen from its second run.</param>
internal sealed record PairView(PairedTest Test, bool Turned)
{
    /// <summary>Adjusted p from which on a difference is no longer marked.</summary>
    public const double Alpha = 0.05;

    public double? Difference => Turned ? -Test.Difference : Test.Difference;

    public int? B => Turned ? Test.C : Test.B;

    public int? C => Turned ? Test.B : Test.C;

    public bool Marked => Test.HolmP < Alpha;

    /// <summary>Class of a cell.</summary>
    public string Tone => Test.P is null ? "pair-none" : !Marked ? "pair-even" : Difference > 0 ? "pair-better" : "pair-worse";

    /// <summary>Everything about the pair, for the tooltip.</summary>
    public string Explain(string name, string other)
    {
        string factors = Test.Factors.Count == 0 ? "" : $" They also differ in {string.Join(", ", Test.Factors)}.";
        return Test.NotTestedReason is string reason
            ? $"{name} and {other}: no test. {reason}"
            : $"{name} against {other}: {Format.Points(Difference)} points. Only the first right on {Format.Count(B)} rows, only the second on {Format.Count(C)}, of {Format.Count(Test.Rows)}. "
                + $"p = {Format.PValue(Test.P)}, after Holm {Format.PValue(Test.HolmP)}.{factors}";
    }

    /// <summary>All tests by their two runs, from both sides.</summary>
    public static IReadOnlyDictionary<(string, string), PairView> ByRuns(PairedTests tests) => tests.Pairs
        .SelectMany(test => (KeyValuePair<(string, string), PairView>[])[new((test.RunA, test.RunB), new(test, false)), new((test.RunB, test.RunA), new(test, true))])
        .ToDictionary();
}
