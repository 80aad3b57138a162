namespace LoraLab.Server.Comparison;

/// <summary>Why two runs are not tested against each other.</summary>
/// <param name="Reason">One sentence.</param>
/// <param name="Runs">Ids of the runs that it is about; empty: both alike.</param>
internal sealed record PairRefusal(string Reason, IReadOnlyList<string> Runs)
{
    private const string NoFingerprint = "A fingerprint is missing or damaged, so what was evaluated is not known.";

    /// <summary>The reason not to pair two runs row by row; null: there is none.</summary>
    public static PairRefusal? Of(ComparedRun a, ComparedRun b) =>
        About(a, b, run => !run.Completed, "Only completed runs are tested.")
        ?? About(a, b, run => run.Fingerprint is null, NoFingerprint)
        ?? Unlike(a, b)
        ?? About(a, b, run => run.Predictions is null, "The predictions of the last evaluation are missing or damaged.")
        ?? (Rows(a).SequenceEqual(Rows(b)) ? null : new PairRefusal("The predictions files do not list the same rows.", []));

    /// <summary>The reason not to compare the figures of these runs at all; null: there is none.</summary>
    public static string? OfAll(IReadOnlyCollection<ComparedRun> runs) =>
        runs.Any(run => run.Fingerprint is null) ? NoFingerprint
            : Requirement.Unmet([.. runs.Select(run => run.Fingerprint!)]) is { Count: > 0 } unmet ? Differ(unmet)
            : null;

    private static PairRefusal? About(ComparedRun a, ComparedRun b, Predicate<ComparedRun> found, string reason)
    {
        List<string> runs = [.. new[] { a, b }.Where(run => found(run)).Select(run => run.Id)];
        return runs.Count == 0 ? null : new PairRefusal(reason, runs);
    }

    private static PairRefusal? Unlike(ComparedRun a, ComparedRun b)
    {
        IReadOnlyList<string> unmet = Requirement.Unmet([a.Fingerprint!, b.Fingerprint!]);
        return unmet.Count > 0 ? new PairRefusal(Differ(a.Document.Spec.Seed == b.Document.Spec.Seed ? unmet : [.. unmet, "seed"]), [])
            : a.Document.Spec.Seed != b.Document.Spec.Seed ? new PairRefusal("The seeds differ: only runs of the same seed are paired.", [])
            : null;
    }

    private static IEnumerable<(int Row, int Label)> Rows(ComparedRun run) => run.Predictions!.Select(row => (row.Row, row.Label));

    private static string Differ(IReadOnlyList<string> names) => $"Not the same in both: {string.Join(", ", names)}.";
}
