using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Worker;

namespace LoraLab.Tests.Support;

/// <summary>Points of a metric in the events of a worker.</summary>
internal static class ReportedPoints
{
    /// <summary>Step and value, in the order of the events.</summary>
    public static IEnumerable<(int Step, double Value)> From(IEnumerable<WorkerEvent> events, string key) =>
        events.SelectMany(workerEvent => (workerEvent, key) switch
        {
            (Evaluated evaluated, MetricKeys.EvalAccuracy) => [(evaluated.Step, evaluated.Accuracy)],
            (Evaluated evaluated, MetricKeys.EvalMacroF1) => [(evaluated.Step, evaluated.MacroF1)],
            (Evaluated evaluated, MetricKeys.EvalLoss) => [(evaluated.Step, evaluated.Loss)],
            (MetricsRecorded recorded, _) when recorded.Values.TryGetValue(key, out double[]? values) => recorded.Steps.Zip(values),
            _ => (IEnumerable<(int, double)>)[],
        });
}
