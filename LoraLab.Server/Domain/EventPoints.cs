using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Domain;

/// <summary>The metric points of a worker event.</summary>
internal static class EventPoints
{
    public static IEnumerable<MetricPoint> From(WorkerEvent workerEvent, int attempt) => workerEvent switch
    {
        // Workers of earlier versions reported evaluation metrics here too; they are taken once, from the evaluation's own event.
        MetricsRecorded metrics => metrics.Values
            .Where(column => !Evaluated.FormerMembers.Contains(column.Key))
            .SelectMany(column => metrics.Steps.Zip(column.Value, (step, value) => new MetricPoint(column.Key, step, value, attempt))),
        Evaluated evaluated => evaluated.Metrics.Select(metric => new MetricPoint(metric.Key, evaluated.Step, metric.Value, attempt)),
        _ => [],
    };
}
