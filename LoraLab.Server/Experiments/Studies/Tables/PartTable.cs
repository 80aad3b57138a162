using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Tables;

/// <summary>
/// A part of a fair comparison: costs, the primary metric with intervals, and which differences from the best method are real.
/// </summary>
internal static class PartTable
{
    /// <summary>The parts that the plan has, with the ids of their tables.</summary>
    public static IEnumerable<(StudyPart Part, string Id)> Of(StudyPlan plan) =>
        new[] { (StudyPart.EqualParameters, "equal-parameters"), (StudyPart.EqualRank, "equal-rank") }
            .Where(part => plan.Methods?.Any(method => method.Parts?.Contains(part.Item1) == true) == true);

    /// <summary>Whether the table is that of a part.</summary>
    public static bool IsOf(StudyTable table) => table.Id is "equal-parameters" or "equal-rank";

    /// <summary>The tables of the parts, none for other studies.</summary>
    public static IEnumerable<StudyTable> All(StudyEvidence evidence) =>
        Of(evidence.Study.Plan).Select(part => Of(evidence, part.Part, part.Id));

    private static StudyTable Of(StudyEvidence evidence, StudyPart part, string id)
    {
        MetricDescriptor metric = evidence.Metric;
        IReadOnlyList<PartResult> results = PartResult.Of(evidence, part);
        return new StudyTable
        {
            Id = id,
            Caption = Caption(evidence, part),
            Columns =
            [
                "Method", "Rank", "n", "Parameters", "Peak memory (MiB)", "Seconds a step", metric.Heading,
                "Difference from best", "p (Holm)", "Real",
            ],
            Rows = [.. results.Select(result => Row(result, metric))],
            Notes = [.. Notes(evidence, part, results)],
        };
    }

    private static string Caption(StudyEvidence evidence, StudyPart part)
    {
        StudyPlan plan = evidence.Study.Plan;
        string equal = part == StudyPart.EqualParameters
            ? "Equal trainable parameters: each method with the rank that comes nearest"
                + $"{(plan.ParameterBudget is long budget ? $" {NumberFormat.Count(budget)}" : " the budget")}"
            : "Equal rank";
        return $"{equal}; {plan.Model} on {plan.Dataset}. Means over n seeds with 95% t-based confidence intervals.";
    }

    private static IReadOnlyList<StudyTableCell> Row(PartResult result, MetricDescriptor metric) =>
    [
        new(Label(result)),
        result.Rank is int rank ? new(rank.ToString(CultureInfo.InvariantCulture), rank) : new("none"),
        new(result.Group.Counted.Count.ToString(CultureInfo.InvariantCulture), result.Group.Counted.Count),
        Cell(result.Cost(run => run.Document?.Summary.TrainableParameters), "#,0"),
        Cell(result.Cost(run => run.PeakMemoryMb), "0"),
        Cell(result.SecondsPerStep, "0.000"),
        new(WithInterval(result.Mean, result.Interval, metric, signed: false), metric.Number(result.Mean), Bold: result.IsBest),
        result.Difference is double difference
            ? new(WithInterval(difference, result.DifferenceInterval, metric, signed: true), metric.Number(difference))
            : new(""),
        result.HolmP is double p ? new(NumberFormat.PValue(p), p) : new(""),
        new(result.IsBest ? "best" : result.IsReal switch { true => "yes", false => "no", null => "not tested" }),
    ];

    /// <summary>The label of the arm without the rank, which has a column of its own.</summary>
    private static string Label(PartResult result)
    {
        string rank = string.Create(CultureInfo.InvariantCulture, $" (rank {result.Rank})");
        string label = result.Group.Arm.Label;
        return label.EndsWith(rank, StringComparison.Ordinal) ? label[..^rank.Length] : label;
    }

    private static StudyTableCell Cell(double? value, string format) =>
        value is double number ? new(PaperNumbers.Plain(number, format), number) : new("");

    private static string WithInterval(double value, (double Low, double High)? interval, MetricDescriptor metric, bool signed)
    {
        string Text(double number)
        {
            string plain = PaperNumbers.Plain(Math.Abs(metric.Number(number)), metric.MeanFormat);
            bool zero = plain.All(c => c is '0' or '.');
            return (number < 0 && !zero ? "−" : signed && !zero ? "+" : "") + plain;
        }

        return interval is (double low, double high) ? $"{Text(value)} [{Text(low)}, {Text(high)}]" : Text(value);
    }

    private static IEnumerable<string> Notes(StudyEvidence evidence, StudyPart part, IReadOnlyList<PartResult> results)
    {
        yield return "Real: the difference from the best mean is significant (paired t test over seeds, p Holm-adjusted over the tests of "
            + "this table, below 0.05). No does not imply equality. Intervals are not adjusted. All of it is over seeds on the same rows: "
            + "other rows may differ. Methods are tested against the best only; data/pairs.csv of the paper has all pairs, adjusted over "
            + "them.";
        List<string> constant = [.. results.Where(result => result.Interval is null && result.Group.Counted.Count > 1)
            .Select(result => result.Group.Arm.Label)];
        if (constant.Count > 0)
        {
            yield return $"Without an interval, since all seeds gave the same value: {string.Join(", ", constant)}.";
        }

        foreach (IGrouping<string, PartResult> reason in results.Where(result => result.Untested is not null)
            .GroupBy(result => result.Untested!))
        {
            yield return $"Not tested: {string.Join(", ", reason.Select(result => result.Group.Arm.Label))} ({reason.Key}).";
        }

        List<string> unranked = [.. results.Where(result => result.Rank is null).Select(result => result.Group.Arm.Label)];
        if (unranked.Count > 0)
        {
            yield return $"Without a rank, as they are: {string.Join(", ", unranked)}.";
        }

        HashSet<string> present = [.. results.Select(result => result.Method.Key)];
        List<string> missing =
        [
            .. evidence.Study.Plan.Methods!.Where(method => method.Parts?.Contains(part) == true && !present.Contains(method.Key))
                .Select(method => evidence.Arm(method.Key)?.Label ?? method.Key),
        ];
        if (missing.Count > 0)
        {
            yield return $"No result on the reported split: {string.Join(", ", missing)}.";
        }

        foreach (string note in results.SelectMany(result => result.Group.Notes))
        {
            yield return note;
        }

        yield return "Seconds a step: training time without evaluations and checkpoints, divided by the steps; peak memory over the "
            + "training steps.";
        if (results.SelectMany(result => result.Group.Counted).Select(run => run.Environment?.DeviceName ?? run.Environment?.Device)
            .Distinct().Count() > 1)
        {
            yield return "The runs used different devices, so that times and memory are not comparable.";
        }
    }
}
