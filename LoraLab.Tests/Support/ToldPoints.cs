using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Worker;

namespace LoraLab.Tests.Support;

/// <summary>The points of a metric in what a worker told.</summary>
internal static class ToldPoints
{
    /// <summary>Step and value, in the order in which they were told.</summary>
    public static IEnumerable<(int Step, double Value)> Of(IEnumerable<WorkerEvent> events, string key) => events.SelectMany(happened => (happened, key) switch
    {
        (Evaluated evaluated, MetricKeys.EvalAccuracy) => [(evaluated.Step, evaluated.Accuracy)],
        (Evaluated evaluated, MetricKeys.EvalMacroF1) => [(evaluated.Step, evaluated.MacroF1)],
        (Evaluated evaluated, MetricKeys.EvalLoss) => [(evaluated.Step, evaluated.Loss)],
        (MetricsRecorded recorded, _) when recorded.Values.TryGetValue(key, out double[]? values) => recorded.Steps.Zip(values),
        _ => (IEnumerable<(int, double)>)[],
    });
}
