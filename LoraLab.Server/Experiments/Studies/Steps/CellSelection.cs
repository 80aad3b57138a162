using System.Text.Json.Nodes;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>Selects among evaluated cells: highest accuracy, then lower evaluation loss, then smaller learning rate.</summary>
internal static class CellSelection
{
    /// <summary>The runs, best first; those without a result last.</summary>
    public static IReadOnlyList<TrackedRun> Rank(IEnumerable<TrackedRun> runs) =>
    [
        .. runs.OrderByDescending(run => run.Finished)
            .ThenByDescending(run => run.Finished ? run.Accuracy : null)
            .ThenBy(run => run.Finished ? run.Loss ?? double.PositiveInfinity : 0)
            .ThenBy(run => RateOf(run.Required.Settings, StudyGrid.RateFields[0]))
            .ThenBy(run => RateOf(run.Required.Settings, StudyGrid.RateFields[1]))
            .ThenBy(run => run.Required.Key, StringComparer.Ordinal),
    ];

    /// <summary>The best cell; null if no run finished.</summary>
    public static JsonObject? Best(IEnumerable<TrackedRun> runs) => Rank(runs).FirstOrDefault(run => run.Finished)?.Required.Settings;

    private static double RateOf(JsonObject cell, string field) => StudyGrid.Rate(cell, field) ?? 0;
}
