using System.Text.Json.Nodes;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>Chooses among cells that were tried: the highest accuracy, of equal ones the lower evaluation loss, of equal ones the smaller rate.</summary>
internal static class CellSelection
{
    /// <summary>Best first; those without a result last.</summary>
    public static IReadOnlyList<TrackedRun> Rank(IEnumerable<TrackedRun> runs) =>
    [
        .. runs.OrderByDescending(run => run.Finished)
            .ThenByDescending(run => run.Finished ? run.Accuracy : null)
            .ThenBy(run => run.Finished ? run.Loss ?? double.PositiveInfinity : 0)
            .ThenBy(run => RateOf(run.Wanted.Settings, StudyGrid.Rates[0]))
            .ThenBy(run => RateOf(run.Wanted.Settings, StudyGrid.Rates[1]))
            .ThenBy(run => run.Wanted.Key, StringComparer.Ordinal),
    ];

    /// <summary>The best cell; null: none finished.</summary>
    public static JsonObject? Best(IEnumerable<TrackedRun> runs) => Rank(runs).FirstOrDefault(run => run.Finished)?.Wanted.Settings;

    private static double RateOf(JsonObject cell, string field) => StudyGrid.Rate(cell, field) ?? 0;
}
