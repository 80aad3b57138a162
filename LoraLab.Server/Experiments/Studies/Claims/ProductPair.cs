using System.Globalization;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>Two cells of LoRA+ with the same product of rates.</summary>
internal sealed class ProductPair
{
    private const double Way = 0.95;

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
            double threshold = start + (Way * (Math.Max(low.Final, high.Final) - start));
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

    /// <summary>The cell of the smaller ηB/ηA.</summary>
    public RateCell Lower { get; }

    public RateCell Upper { get; }

    /// <summary>Common seeds with curves over the same evaluations.</summary>
    public int Seeds { get; }

    /// <summary>Seeds of which a run does not reach the threshold, or that learned nothing.</summary>
    public int Censored { get; }

    /// <summary>Mean over seeds of ln(steps of the upper / steps of the lower).</summary>
    public double? LogRatio { get; }

    /// <summary>Mean over seeds of the upper's mean height minus the lower's.</summary>
    public double? AreaDifference { get; }

    /// <summary>Neighbours only: a third pair of three cells says nothing that the two others do not.</summary>
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

        return [.. products.OrderBy(product => product[0].Rates.Product).SelectMany(product => product.Zip(product.Skip(1), (lower, upper) => new ProductPair(lower, upper)))];
    }

    public IEnumerable<EvidenceRun> Runs() => Lower.Group.Counted.Concat(Upper.Group.Counted);

    public ClaimEvidence Figure() => new(
        $"steps to threshold, {Upper.Rates} over {Lower.Rates}",
        LogRatio is double log ? Math.Exp(log) : null,
        N: Seeds,
        Note: Seeds == 0 ? "No common seed with the same evaluations."
            : Censored > 0 ? string.Create(CultureInfo.InvariantCulture, $"In {PaperNumbers.Count(Censored, "seed")} a run does not reach the threshold.")
            : null);

    private IEnumerable<(Curve Lower, Curve Upper)> Curves() => Lower.Group.Counted
        .Join(Upper.Group.Counted, run => run.Run.Seed, run => run.Run.Seed, (low, high) => (low.Curve(MetricKeys.EvalAccuracy), high.Curve(MetricKeys.EvalAccuracy)))
        .Where(pair => pair.Item1.SameSteps(pair.Item2));
}
