using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Comparison;

/// <summary>
/// What a comparison shows, in one sentence that names the metric, the test and its size: over seeds where methods were tested, else of
/// pairs of runs on the same rows, else why nothing was tested.
/// </summary>
internal static class CompareVerdict
{
    private const double Alpha = 0.05;

    private static readonly string[] _numbers = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

    /// <summary>The sentence; null: fewer than two completed runs have a result.</summary>
    /// <param name="rows">The runs.</param>
    /// <param name="tests">Tests of pairs of runs.</param>
    /// <param name="methods">Tests of pairs of methods over seeds.</param>
    /// <param name="unlike">What the runs with these ids do not have in common; null: nothing that matters.</param>
    public static string? Of(
        IReadOnlyList<CompareRow> rows,
        PairedTests tests,
        MethodComparison methods,
        Func<IReadOnlyCollection<string>, string?>? unlike = null)
    {
        unlike ??= _ => null;
        if (rows.Select(row => row.Task).Distinct().Count() > 1)
        {
            return "The runs are of different tasks, so there is no best one.";
        }

        MetricDescriptor metric = TaskDescriptors.Of(rows[0].Task, rows[0].Metric).Primary;
        if (rows.Any(row => TaskDescriptors.Of(row.Task, row.Metric).Primary != metric))
        {
            return "The runs have different primary metrics, so there is no best one.";
        }

        List<CompareRow> known = [.. rows.Where(row => row.State == RunState.Completed && row.Summary[metric.Key]?.Last is not null)];
        return known.Count < 2 ? null
            : methods.Tested > 0
                ? Sentence(OverSeeds(methods, metric), metric, "methods", methods.Groups.Count, methods.Pairs.Count, unlike)
            : tests.Tested > 0
                ? Sentence(OverRows(rows, tests, metric), metric, "runs", known.Count, known.Count * (known.Count - 1) / 2, unlike)
            : Untested(known, tests);
    }

    private static string Sentence(
        IReadOnlyList<Finding> findings,
        MetricDescriptor metric,
        string things,
        int count,
        int pairs,
        Func<IReadOnlyCollection<string>, string?> unlike)
    {
        List<Finding> clear = [.. findings.Where(finding => finding.HolmP < Alpha)];
        string test = findings[0].Test;
        string sizes = Range([.. findings.Select(finding => finding.Size)]);
        string conditions = string.Create(CultureInfo.InvariantCulture, $"({test}, n = {sizes})");
        if (clear.Count == 0)
        {
            return findings.Count < pairs
                ? $"{Capital(findings.Count == 1 ? "the only tested pair" : "no tested pair")} of the {Number(count)} {things} "
                    + $"{(findings.Count == 1 ? "does not differ" : "differs")} significantly in {metric.Name} {conditions}."
                : pairs == 1
                    ? $"{findings[0].Better} and {findings[0].Worse} do not differ significantly in {metric.Name} {conditions}."
                    : $"No pair of the {Number(count)} {things} differs significantly in {metric.Name} {conditions}.";
        }

        // The one that beats most others, and of those the one with the clearest result.
        List<Finding> wins = [.. clear.GroupBy(finding => finding.Better).OrderByDescending(wins => wins.Count())
            .ThenBy(wins => wins.Min(finding => finding.HolmP)).First().OrderBy(finding => finding.HolmP)];
        if (wins.Count == count - 1 && count > 2)
        {
            string gains = Range([.. wins.Select(finding => finding.Difference)], difference => Size(metric, difference));
            return $"{wins[0].Better} is better in {metric.Name} than each of the {Number(count - 1)} other {things}, by {gains}"
                + $"{Unit(metric)}{But(wins)} {conditions}.";
        }

        Finding first = wins[0];
        string interval = first is { Low: double low, High: double high }
            ? $", 95% interval {Size(metric, low)} to {Size(metric, high)}" : "";
        string others = clear.Count > 1
            ? $"; {Number(clear.Count)} of {findings.Count.ToString(CultureInfo.InvariantCulture)} tested pairs differ significantly" : "";
        return $"{first.Better} is better than {first.Worse} in {metric.Name} by {Size(metric, first.Difference)}{Unit(metric)}{interval}"
            + $"{But([first])}{others} ({test}, n = {sizes}; adjusted {NumberFormat.PStatement(first.HolmP)}).";

        string But(IEnumerable<Finding> named) =>
            unlike([.. named.SelectMany(finding => finding.Runs).Distinct()]) is string difference ? $", but they {difference}" : "";
    }

    private static IReadOnlyList<Finding> OverSeeds(MethodComparison methods, MetricDescriptor metric)
    {
        Dictionary<string, string> labels = methods.Groups.ToDictionary(group => group.Id, group => group.Label);
        return [.. methods.Pairs.Where(pair => pair is { HolmP: not null, Difference: not null }).Select(pair => Finding.Of(
            labels[pair.GroupA], labels[pair.GroupB], pair.Difference!.Value, pair.Low, pair.High, pair.HolmP!.Value, metric)
            with
            {
                Test = "paired t test over seeds, Holm",
                Size = pair.CommonSeeds,
                Runs =
                [
                    .. methods.Groups.Where(group => group.Id == pair.GroupA || group.Id == pair.GroupB).SelectMany(group => group.Runs),
                ],
            })];
    }

    private static IReadOnlyList<Finding> OverRows(IReadOnlyList<CompareRow> rows, PairedTests tests, MetricDescriptor metric)
    {
        Dictionary<string, string> labels = rows.ToDictionary(row => row.RunId, row => row.Label);
        string test = metric.Key == MetricKeys.EvalAccuracy ? "McNemar, Holm" : "paired bootstrap, Holm";
        return [.. tests.Pairs.Where(pair => pair is { HolmP: not null, Difference: not null }).Select(pair => Finding.Of(
            labels[pair.RunA], labels[pair.RunB], pair.Difference!.Value, pair.Low, pair.High, pair.HolmP!.Value, metric)
            with { Test = test, Size = pair.Rows ?? 0, Runs = [pair.RunA, pair.RunB] })];
    }

    private static string Untested(IReadOnlyList<CompareRow> known, PairedTests tests)
    {
        HashSet<string> ids = [.. known.Select(row => row.RunId)];
        List<string> reasons = [.. tests.Pairs.Where(pair => ids.Contains(pair.RunA) && ids.Contains(pair.RunB))
            .Select(pair => pair.NotTestedReason).OfType<string>().Distinct()];
        string subject = known.Count == 2
            ? "The two runs cannot be tested against each other" : "No two of the runs can be tested against each other";
        return reasons.Count == 1 ? $"{subject}: {char.ToLowerInvariant(reasons[0][0])}{reasons[0][1..]}"
            : $"{subject}, for different reasons, which stand under the pairwise tests.";
    }

    private static string Number(int count) =>
        count < _numbers.Length ? _numbers[count] : count.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Range(IReadOnlyList<int> values) => Range(values, value => NumberFormat.Count(value));

    private static string Range<T>(IReadOnlyList<T> values, Func<T, string> print)
    {
        (string low, string high) = (print(values.Min()!), print(values.Max()!));
        return low == high ? low : $"{low} to {high}";
    }

    /// <summary>A difference without its unit; of shares in percentage points.</summary>
    private static string Size(MetricDescriptor metric, double difference) =>
        metric.Format == MetricFormat.Share ? NumberFormat.ShareFigure(difference) : NumberFormat.Number(difference);

    private static string Unit(MetricDescriptor metric) => metric.Format == MetricFormat.Share ? " points" : "";

    /// <summary>A tested pair, seen from the better side.</summary>
    private sealed record Finding(string Better, string Worse, double Difference, double? Low, double? High, double HolmP)
    {
        public string Test { get; init; } = "";

        /// <summary>Ids of the runs of both sides.</summary>
        public IReadOnlyList<string> Runs { get; init; } = [];

        /// <summary>Rows or seeds.</summary>
        public int Size { get; init; }

        public static Finding Of(string a, string b, double difference, double? low, double? high, double holmP, MetricDescriptor metric)
        {
            bool aIsBetter = metric.Sign * difference >= 0;
            (double? from, double? to) = difference >= 0 ? (low, high) : (-high, -low);
            return new Finding(aIsBetter ? a : b, aIsBetter ? b : a, Math.Abs(difference), from, to, holmP);
        }
    }
}
