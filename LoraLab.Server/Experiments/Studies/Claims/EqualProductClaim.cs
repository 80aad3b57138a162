using System.Globalization;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>"Cells with the same ηA·ηB converge alike."</summary>
internal sealed class EqualProductClaim : IPaperClaim
{
    private const int MinimumPairs = 6;
    private const double MinimumSpan = 16;
    private const double Level = 0.90;
    private static readonly double s_margin = Math.Log(1.1);

    public ClaimDescriptor Descriptor { get; } = new(
        "equal-product",
        "LoRA+ cells with the same product ηA·ηB converge at a similar speed.",
        "Ratio of the steps to threshold of two cells of the same product, the one of the larger ηB/ηA over the other: mean of its logarithm over pairs, each the mean over common seeds. "
            + "Threshold: 95 % of the way from the lower start to the higher final accuracy of the two, straight between evaluations.",
        "The 90 % t-interval of the mean log-ratio lies within ±ln 1.1 (10 %).",
        "Six pairs (neighbours in ηB/ηA among the cells of a product) that all reach their threshold and together span a factor of 16 in ηB/ηA.");

    public ClaimFinding Judge(StudyEvidence evidence)
    {
        IReadOnlyList<RateCell> cells = RateCell.Of(evidence);
        if (cells.Count == 0)
        {
            return ClaimFinding.NotRun("no run of LoRA+ has finished.");
        }

        IReadOnlyList<ProductPair> pairs = ProductPair.Of(cells);
        if (pairs.Count == 0)
        {
            return ClaimFinding.NotRun($"no two of the {PaperNumbers.Count(cells.Count, "finished cell")} have the same product.");
        }

        List<double> logs = [.. pairs.Select(pair => pair.LogRatio).OfType<double>()];
        List<double> ratios = [.. pairs.SelectMany(pair => new[] { pair.Lower.Rates.Ratio, pair.Upper.Rates.Ratio })];
        double span = ratios.Max() / ratios.Min();
        (double Low, double High)? interval = logs.Count > 1 ? MeanInterval.Of(logs, level: Level) : null;
        string found = string.Create(
            CultureInfo.InvariantCulture,
            $"{PaperNumbers.Count(pairs.Count, "pair")} of equal product, spanning a factor of {span:0.##} in ηB/ηA{Interval(logs, interval)}");
        (ClaimVerdict verdict, string reason) = Verdict(pairs, span, interval);
        return new ClaimFinding(
            verdict,
            $"{found}; {reason}.",
            [Overall("steps to threshold, ratio over all pairs", logs, interval, Math.Exp), Areas(pairs), .. pairs.Select(pair => pair.Figure())],
            [.. pairs.SelectMany(pair => pair.Runs()).DistinctBy(run => run.Id)]);
    }

    private static (ClaimVerdict Verdict, string Reason) Verdict(IReadOnlyList<ProductPair> pairs, double span, (double Low, double High)? interval)
    {
        int open = pairs.Count(pair => pair.LogRatio is null || pair.Censored > 0);
        return pairs.Count < MinimumPairs ? (ClaimVerdict.Inconclusive, "six pairs are needed")
            : span < MinimumSpan && !LearningRates.Same(span, MinimumSpan) ? (ClaimVerdict.Inconclusive, "a factor of 16 is needed")
            : open > 0 ? (ClaimVerdict.Inconclusive, $"{PaperNumbers.Count(open, "pair")} with a run that does not reach the threshold")
            : interval is not (double low, double high) ? (ClaimVerdict.Inconclusive, "the pairs have no spread to make an interval from")
            : low >= -s_margin && high <= s_margin ? (ClaimVerdict.Supported, "the interval lies within ±10 %")
            : low > s_margin || high < -s_margin ? (ClaimVerdict.NotSupported, "the interval lies outside ±10 %")
            : (ClaimVerdict.Inconclusive, "the interval reaches beyond ±10 %");
    }

    private static string Interval(List<double> logs, (double Low, double High)? interval) => logs.Count == 0 ? ""
        : string.Create(CultureInfo.InvariantCulture, $"; steps to threshold ×{Math.Exp(SampleMoments.Mean(logs)):0.000}")
            + (interval is (double low, double high) ? string.Create(CultureInfo.InvariantCulture, $" (90 % interval ×{Math.Exp(low):0.000} to ×{Math.Exp(high):0.000})") : "");

    private static ClaimEvidence Areas(IReadOnlyList<ProductPair> pairs)
    {
        List<double> areas = [.. pairs.Select(pair => pair.AreaDifference).OfType<double>()];
        return Overall("area under the accuracy curve, mean difference over all pairs", areas, areas.Count > 1 ? MeanInterval.Of(areas, level: Level) : null, value => value);
    }

    private static ClaimEvidence Overall(string label, List<double> values, (double Low, double High)? interval, Func<double, double> scale) => values.Count == 0
        ? new ClaimEvidence(label, null, N: 0, Note: "No pair has it.")
        : new ClaimEvidence(
            label,
            scale(SampleMoments.Mean(values)),
            interval is null ? null : scale(interval.Value.Low),
            interval is null ? null : scale(interval.Value.High),
            values.Count,
            Note: interval is null ? "An interval needs two pairs that differ." : "90 % t-interval.");
}
