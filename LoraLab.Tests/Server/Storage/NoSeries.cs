using LoraLab.Contracts.Metrics;
using LoraLab.Server.Storage;

namespace LoraLab.Tests.Server.Storage;

/// <summary>Series of runs without points.</summary>
internal sealed class NoSeries : IRunSeries
{
    public static NoSeries Instance { get; } = new();

    public IReadOnlyDictionary<string, MetricSeries> ReadSeries(string runId, IReadOnlyCollection<string>? keys, int? attempt = null) =>
        new Dictionary<string, MetricSeries>();
}
