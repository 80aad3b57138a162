using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Comparison;

/// <summary>Why two runs are not tested against each other.</summary>
/// <param name="Reason">One sentence.</param>
/// <param name="Runs">Ids of the runs concerned; empty: both equally.</param>
internal sealed record PairRefusal(string Reason, IReadOnlyList<string> Runs)
{
    private const string NoFingerprint = "A fingerprint is missing or damaged, so it is unknown what was evaluated.";

    /// <summary>Why two runs cannot be paired row by row; null: they can.</summary>
    public static PairRefusal? Of(ComparedRun a, ComparedRun b) =>
        (a.Document.Task == b.Document.Task ? null : new PairRefusal(OtherTask(a.Document.Task, b.Document.Task), []))
        ?? (a.Metric == b.Metric ? null : new PairRefusal(OtherMetric(a.Metric, b.Metric), []))
        ?? About(a, b, run => !run.Completed, "Only completed runs are tested.")
        ?? About(a, b, run => run.Fingerprint is null, NoFingerprint)
        ?? Unlike(a, b)
        ?? About(a, b, run => run.Predictions is null, "The predictions of the last evaluation are missing or damaged.")
        ?? (Rows(a).SequenceEqual(Rows(b)) ? null : new PairRefusal("The prediction files do not list the same rows.", []));

    /// <summary>Why the results of these runs cannot be compared; null: they can.</summary>
    public static string? OfAll(IReadOnlyCollection<ComparedRun> runs) =>
        runs.Any(run => run.Fingerprint is null) ? NoFingerprint
            : Requirement.Unmet([.. runs.Select(run => run.Fingerprint!)]) is { Count: > 0 } unmet ? Differ(unmet)
            : null;

    /// <summary>Why runs of two tasks are not compared.</summary>
    public static string OtherTask(string a, string b) =>
        $"The runs are of different tasks, {TaskDescriptors.Of(a).Label} and {TaskDescriptors.Of(b).Label}.";

    /// <summary>Why runs of two primary metrics are not compared.</summary>
    public static string OtherMetric(MetricDescriptor a, MetricDescriptor b) =>
        $"The runs have different primary metrics, {a.Name} and {b.Name}.";

    /// <summary>Why a pair is not among the tests of a metric; null: it is its primary one.</summary>
    public static PairRefusal? OfMetric(ComparedRun run, MetricDescriptor metric) => run.Metric == metric
        ? null
        : new PairRefusal(
            $"The tests are of the {metric.Name}, the primary metric of the first run, but theirs is the {run.Metric.Name}; compare them "
                + "without the other runs.",
            []);

    private static PairRefusal? About(ComparedRun a, ComparedRun b, Predicate<ComparedRun> found, string reason)
    {
        List<string> runs = [.. new[] { a, b }.Where(run => found(run)).Select(run => run.Id)];
        return runs.Count == 0 ? null : new PairRefusal(reason, runs);
    }

    private static PairRefusal? Unlike(ComparedRun a, ComparedRun b)
    {
        IReadOnlyList<string> unmet = Requirement.Unmet([a.Fingerprint!, b.Fingerprint!]);
        return unmet.Count > 0 ? new PairRefusal(Differ(a.Document.Spec.Seed == b.Document.Spec.Seed ? unmet : [.. unmet, "seed"]), [])
            : a.Document.Spec.Seed != b.Document.Spec.Seed
                ? new PairRefusal("The seeds differ: only runs with the same seed are paired.", [])
            : null;
    }

    private static IEnumerable<(int Row, int? Label)> Rows(ComparedRun run) => run.Predictions!.Select(row => (row.Row, row.Label));

    private static string Differ(IReadOnlyList<string> names) => $"The runs differ in {string.Join(", ", names)}.";
}
