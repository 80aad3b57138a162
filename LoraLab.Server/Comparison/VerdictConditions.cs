using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Comparison;

/// <summary>
/// What runs do not have in common that decides how well they do, whatever their method: how long they trained, and on what. A sentence
/// that names a winner says it in the same breath.
/// </summary>
internal static class VerdictConditions
{
    /// <summary>The differences as a clause, for example "trained for 400 and 1,250 steps"; null: there are none.</summary>
    /// <param name="runs">The runs that a sentence speaks of.</param>
    public static string? Unlike(IReadOnlyCollection<ComparedRun> runs)
    {
        List<string> clauses = [];
        int[] steps = [.. runs.Select(run => run.Steps).Distinct().Order()];
        if (steps.Length > 1)
        {
            clauses.Add(steps.Length == 2
                ? $"trained for {NumberFormat.Count(steps[0])} and {NumberFormat.Count(steps[1], "step")}"
                : $"trained for {NumberFormat.Count(steps[0])} to {NumberFormat.Count(steps[^1], "step")}");
        }

        List<string> early = [.. runs.Where(StoppedEarly).Select(run => run.Document.Name).Distinct()];
        if (early.Count > 0)
        {
            clauses.Add(early.Count == 1 ? $"{early[0]} stopped early" : $"{NumberFormat.Count(early.Count)} of them stopped early");
        }

        List<string> fields = [.. DifferingData(runs)];
        if (fields.Count > 0)
        {
            clauses.Add($"differ in {string.Join(" and ", fields)}");
        }

        return clauses.Count == 0 ? null : string.Join(", and ", clauses);
    }

    /// <summary>Whether a completed run has fewer steps than it was meant to have.</summary>
    private static bool StoppedEarly(ComparedRun run) =>
        run.Completed && run.Steps > 0 && run.Steps < run.Document.Progress.TotalSteps;

    /// <summary>The fields that choose the training rows and the frozen model.</summary>
    private static IEnumerable<string> DifferingData(IReadOnlyCollection<ComparedRun> runs)
    {
        HashSet<string> fields =
            [.. SpecFieldCatalog.Default.Where(field => field.Has(SpecRoles.Data | SpecRoles.Base) && !field.Has(SpecRoles.Seed))];
        return SpecDifferences.Find([.. runs.Select(run => run.Document)]).Select(difference => difference.Field).Where(fields.Contains);
    }
}
