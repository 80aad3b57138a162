using LoraLab.Contracts.Metrics;

namespace LoraLab.Server.Storage;

/// <summary>The metric points of runs.</summary>
internal interface IRunSeries
{
    /// <summary>
    /// Series of a run; all keys when <paramref name="keys"/> is null. Each step once: points of a later attempt take the place of those of
    /// an earlier one beyond the step that it resumed from. With <paramref name="attempt"/> all points of that attempt and no other's.
    /// Within a transaction: those that were there before it.
    /// </summary>
    IReadOnlyDictionary<string, MetricSeries> ReadSeries(string runId, IReadOnlyCollection<string>? keys, int? attempt = null);
}
