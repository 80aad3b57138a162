using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>The claim "cells with the same ηA·ηB converge at a similar speed".</summary>
internal sealed class EqualProductClaim : IPaperClaim
{
    private const int MinimumPairs = 6;
    private const double MinimumSpan = 16;
    private const double Level = 0.90;
    private static readonly double _margin = Math.Log(1.1);

    public ClaimDescriptor Descriptor { get; } = new(
        "equal-product",
        "LoRA+ cells with the same product ηA·ηB converge at a similar speed.",
        "Ratio of the steps to threshold of two cells with the same product, the cell with the larger ηB/ηA over the other: "
            + "mean of the log-ratio over pairs, each averaged over common seeds. "
            + "Threshold: 95% of the way from the lower initial to the higher final accuracy of the two, "
                + "interpolated linearly between evaluations.",
        "Equivalence: the 90% t-based confidence interval of the mean log-ratio lies within the margin of ±ln 1.1 (10%).",
        "Six pairs (neighbors in ηB/ηA among the cells with the same product) that all reach their threshold and "
            + "together span a factor of 16 in ηB/ηA.")
    {
        Metric = MetricKeys.EvalAccuracy,
    };

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
            return ClaimFinding.NotRun($"no two of the {NumberFormat.Count(cells.Count, "finished cell")} have the same product.");
        }

        List<double> logs = [.. pairs.Select(pair => pair.LogRatio).OfType<double>()];
        List<double> ratios = [.. pairs.SelectMany(pair => new[] { pair.Lower.Rates.Ratio, pair.Upper.Rates.Ratio })];
        double span = ratios.Max() / ratios.Min();
        (double Low, double High)? interval = logs.Count > 1 ? MeanInterval.Of(logs, level: Level) : null;
        string found = $"{NumberFormat.Count(pairs.Count, "pair")} of equal product, spanning a factor of "
            + $"{NumberFormat.Number(span)} in ηB/ηA{Interval(logs, interval)}";
        (ClaimVerdict verdict, string reason) = Verdict(pairs, span, interval);
        return new ClaimFinding(
            verdict,
            $"{found}; {reason}.",
            [
                Overall("ratio of steps to threshold, mean over pairs", logs, interval, Math.Exp),
                Areas(pairs),
                .. pairs.Select(pair => pair.ToEvidence()),
            ],
            [.. pairs.SelectMany(pair => pair.Runs()).DistinctBy(run => run.Id)]);
    }

    private static (ClaimVerdict Verdict, string Reason) Verdict(
        IReadOnlyList<ProductPair> pairs, double span, (double Low, double High)? interval)
    {
        int open = pairs.Count(pair => pair.LogRatio is null || pair.Censored > 0);
        return pairs.Count < MinimumPairs ? (ClaimVerdict.Inconclusive, "six pairs are required")
            : span < MinimumSpan
                && !LearningRates.Same(span, MinimumSpan) ? (ClaimVerdict.Inconclusive, "a span of a factor of 16 is required")
            : open > 0 ? (ClaimVerdict.Inconclusive, $"{NumberFormat.Count(open, "pair")} with a run that does not reach the threshold")
            : interval is not (double low, double high) ? (ClaimVerdict.Inconclusive, "the log-ratio is the same for all pairs, "
                + "so it has no variance to estimate a confidence interval from")
            : low >= -_margin && high <= _margin ? (ClaimVerdict.Supported, "the confidence interval lies within ±10%")
            : low > _margin || high < -_margin ? (ClaimVerdict.NotSupported, "the confidence interval lies outside ±10%")
            : (ClaimVerdict.Inconclusive, "the confidence interval extends beyond ±10%");
    }

    private static string Interval(List<double> logs, (double Low, double High)? interval) => logs.Count == 0 ? ""
        : $"; ratio of steps to threshold {PaperNumbers.Ratio(Math.Exp(SampleMoments.Mean(logs)))}"
            + (interval is (double low, double high)
                ? $" (90% CI {PaperNumbers.Ratio(Math.Exp(low))} to {PaperNumbers.Ratio(Math.Exp(high))})"
                : "");

    private static ClaimEvidence Areas(IReadOnlyList<ProductPair> pairs)
    {
        List<double> areas = [.. pairs.Select(pair => pair.AreaDifference).OfType<double>()];
        return Overall(
            "difference in mean accuracy during training, mean over pairs",
            areas,
            areas.Count > 1 ? MeanInterval.Of(areas, level: Level) : null,
            value => value);
    }

    private static ClaimEvidence Overall(
        string label, List<double> values, (double Low, double High)? interval, Func<double, double> scale) => values.Count == 0
            ? new ClaimEvidence(label, null, N: 0, Note: "Not available for any pair.")
            : new ClaimEvidence(
                label,
                scale(SampleMoments.Mean(values)),
                interval is null ? null : scale(interval.Value.Low),
                interval is null ? null : scale(interval.Value.High),
                values.Count,
                Note: interval is null
                    ? "A confidence interval requires at least two pairs that differ."
                    : "90% t-based confidence interval.");
}
