using LoraLab.Contracts.Worker;

namespace LoraLab.Tests.Support;

/// <summary>Points of a metric in the events of a worker.</summary>
internal static class ReportedPoints
{
    /// <summary>Step and value, in the order of the events.</summary>
    public static IEnumerable<(int Step, double Value)> From(IEnumerable<WorkerEvent> events, string key) =>
        events.SelectMany(workerEvent => workerEvent switch
        {
            Evaluated evaluated when evaluated.Metrics.TryGetValue(key, out double value) => [(evaluated.Step, value)],
            MetricsRecorded recorded when recorded.Values.TryGetValue(key, out double[]? values) => recorded.Steps.Zip(values),
            _ => (IEnumerable<(int, double)>)[],
        });
}
