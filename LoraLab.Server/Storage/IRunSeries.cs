using LoraLab.Contracts.Metrics;

namespace LoraLab.Server.Storage;

/// <summary>Reads the metric points of runs.</summary>
internal interface IRunSeries
{
    /// <summary>
    /// Series of a run; all keys when <paramref name="keys"/> is null. Each step occurs once: points of a later attempt supersede those of
    /// earlier ones beyond the step that it resumed from. With <paramref name="attempt"/>, all points of that attempt only.
    /// Within a transaction: the points stored before it.
    /// </summary>
    IReadOnlyDictionary<string, MetricSeries> ReadSeries(string runId, IReadOnlyCollection<string>? keys, int? attempt = null);
}
