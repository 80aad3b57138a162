using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>
/// Selects among evaluated cells: best value of the metric of the task, then lower evaluation loss, then smaller learning rate.
/// </summary>
internal static class CellSelection
{
    /// <summary>The runs, best first; those without a result last.</summary>
    public static IReadOnlyList<StudyRun> Rank(IEnumerable<StudyRun> runs) =>
    [
        .. runs.OrderByDescending(run => run.HasFinished())
            .ThenByDescending(run => run.HasFinished() ? MetricCatalog.Default.Of(run.PrimaryMetric).Sign * run.Result : null)
            .ThenBy(run => run.HasFinished() ? run.Loss() ?? double.PositiveInfinity : 0)
            .ThenBy(run => RateOf(run.Settings, StudyGrid.RateFields[0]))
            .ThenBy(run => RateOf(run.Settings, StudyGrid.RateFields[1]))
            .ThenBy(run => run.Required().Key, StringComparer.Ordinal),
    ];

    /// <summary>The best cell; null if no run finished.</summary>
    public static JsonObject? Best(IEnumerable<StudyRun> runs) => Rank(runs).FirstOrDefault(run => run.HasFinished())?.Settings;

    private static double RateOf(JsonObject cell, string field) => StudyGrid.Rate(cell, field) ?? 0;
}
