using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Compare;

/// <summary>Why two runs, or two groups of runs, are not tested against each other: one sentence.</summary>
internal static class PairRefusal
{
    /// <summary>The reason not to pair two runs row by row; null: there is none.</summary>
    public static string? Of(ComparedRun a, ComparedRun b)
    {
        ComparedRun[] both = [a, b];
        if (Names(both.Where(run => !run.Completed)) is string unfinished)
        {
            return $"Only completed runs are tested, and {unfinished} not completed.";
        }

        if (NoFingerprint(both) is string unknown)
        {
            return unknown;
        }

        List<string> unmet = [.. Unmet(both), .. (string[])(a.Seed == b.Seed ? [] : ["seed"])];
        if (unmet is ["seed"])
        {
            return "The seeds differ: only runs of the same seed are paired.";
        }

        if (unmet.Count > 0)
        {
            return Differ(unmet);
        }

        if (Names(both.Where(run => run.Predictions is null)) is string missing)
        {
            return $"The predictions of the last evaluation cannot be read: {missing} without a whole file.";
        }

        return a.Predictions!.Select(row => (row.Row, row.Label)).SequenceEqual(b.Predictions!.Select(row => (row.Row, row.Label)))
            ? null
            : "The predictions files do not list the same rows.";
    }

    /// <summary>The reason not to compare the figures of these runs at all; null: there is none.</summary>
    public static string? OfAll(IReadOnlyCollection<ComparedRun> runs) =>
        NoFingerprint(runs) ?? (Unmet(runs) is { Count: > 0 } unmet ? Differ(unmet) : null);

    private static string? NoFingerprint(IEnumerable<ComparedRun> runs) =>
        Names(runs.Where(run => run.Fingerprint is null)) is string unknown ? $"What was evaluated is not known: {unknown} without a fingerprint." : null;

    private static IReadOnlyList<string> Unmet(IEnumerable<ComparedRun> runs) =>
        Requirement.Unmet([.. runs.Select(run => run.Fingerprint).OfType<RunFingerprint>()]);

    private static string Differ(IReadOnlyList<string> names) =>
        $"Not the same in both: {string.Join(", ", names)}.";

    private static string? Names(IEnumerable<ComparedRun> runs)
    {
        List<string> names = [.. runs.Select(run => $"“{run.Document.Name}”")];
        return names.Count == 0 ? null : $"{string.Join(", ", names)} {(names.Count == 1 ? "is" : "are")}";
    }
}
