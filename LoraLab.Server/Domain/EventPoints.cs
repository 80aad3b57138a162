using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Domain;

/// <summary>The metric points of a worker event.</summary>
internal static class EventPoints
{
    public static IEnumerable<MetricPoint> From(WorkerEvent workerEvent, int attempt) => workerEvent switch
    {
        // Workers of earlier versions reported evaluation metrics here too; they are taken once, from the evaluation's own event.
        MetricsRecorded metrics => metrics.Values
            .Where(column => column.Key is not (MetricKeys.EvalAccuracy or MetricKeys.EvalMacroF1 or MetricKeys.EvalLoss))
            .SelectMany(column => metrics.Steps.Zip(column.Value, (step, value) => new MetricPoint(column.Key, step, value, attempt))),
        Evaluated evaluated =>
        [
            new MetricPoint(MetricKeys.EvalAccuracy, evaluated.Step, evaluated.Accuracy, attempt),
            new MetricPoint(MetricKeys.EvalMacroF1, evaluated.Step, evaluated.MacroF1, attempt),
            new MetricPoint(MetricKeys.EvalLoss, evaluated.Step, evaluated.Loss, attempt),
        ],
        _ => [],
    };
}
