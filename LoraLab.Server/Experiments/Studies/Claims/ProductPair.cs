using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>Two LoRA+ cells with the same product of learning rates.</summary>
internal sealed class ProductPair
{
    /// <summary>Threshold as a fraction of the way from the initial to the final accuracy.</summary>
    private const double ThresholdFraction = 0.95;

    private ProductPair(RateCell lower, RateCell upper)
    {
        Lower = lower;
        Upper = upper;
        List<double> logs = [];
        List<double> areas = [];
        foreach ((Curve low, Curve high) in Curves())
        {
            Seeds++;
            areas.Add(high.MeanHeight()!.Value - low.MeanHeight()!.Value);
            double start = Math.Min(low.Start, high.Start);
            double threshold = start + (ThresholdFraction * (Math.Max(low.Final, high.Final) - start));
            if (threshold > start && low.StepsTo(threshold) is > 0 and double ofLower && high.StepsTo(threshold) is > 0 and double ofUpper)
            {
                logs.Add(Math.Log(ofUpper / ofLower));
            }
            else
            {
                Censored++;
            }
        }

        LogRatio = logs.Count > 0 ? SampleMoments.Mean(logs) : null;
        AreaDifference = areas.Count > 0 ? SampleMoments.Mean(areas) : null;
    }

    /// <summary>The cell with the smaller ηB/ηA.</summary>
    public RateCell Lower { get; }

    public RateCell Upper { get; }

    /// <summary>Number of common seeds evaluated at the same steps.</summary>
    public int Seeds { get; }

    /// <summary>Number of seeds for which a run does not reach the threshold, or whose accuracy did not improve.</summary>
    public int Censored { get; }

    /// <summary>Mean over seeds of ln(steps of the upper cell / steps of the lower cell).</summary>
    public double? LogRatio { get; }

    /// <summary>Mean over seeds of the difference in mean accuracy during training, upper minus lower.</summary>
    public double? AreaDifference { get; }

    /// <summary>Pairs of neighbors only: among three cells, the third pair follows from the other two.</summary>
    public static IReadOnlyList<ProductPair> Of(IReadOnlyList<RateCell> cells)
    {
        List<List<RateCell>> products = [];
        foreach (RateCell cell in cells.OrderBy(cell => cell.Rates.Ratio))
        {
            List<RateCell>? product = products.Find(known => LearningRates.Same(known[0].Rates.Product, cell.Rates.Product));
            if (product is null)
            {
                products.Add([cell]);
            }
            else if (!product[^1].Rates.IsSame(cell.Rates))
            {
                product.Add(cell);
            }
        }

        return [.. products.OrderBy(product => product[0].Rates.Product)
            .SelectMany(product => product.Zip(product.Skip(1), (lower, upper) => new ProductPair(lower, upper)))];
    }

    public IEnumerable<EvidenceRun> Runs() => Lower.Group.Counted.Concat(Upper.Group.Counted);

    public ClaimEvidence ToEvidence() => new(
        $"ratio of steps to threshold, {Upper.Rates} over {Lower.Rates}",
        LogRatio is double log ? Math.Exp(log) : null,
        N: Seeds,
        Note: Seeds == 0 ? "No common seed with evaluations at the same steps."
            : Censored > 0 ? string.Create(
                CultureInfo.InvariantCulture, $"For {NumberFormat.Count(Censored, "seed")}, a run does not reach the threshold.")
            : null);

    private IEnumerable<(Curve Lower, Curve Upper)> Curves() => Lower.Group.Counted
        .Join(Upper.Group.Counted, run => run.Run.Seed, run => run.Run.Seed, (low, high) =>
            (low.Curve(MetricKeys.EvalAccuracy), high.Curve(MetricKeys.EvalAccuracy)))
        .Where(pair => pair.Item1.SameSteps(pair.Item2));
}
