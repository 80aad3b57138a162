using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>Metrics that a sweep can optimize.</summary>
internal static class Objective
{
    public static readonly IReadOnlyList<string> All = [.. MetricCatalog.Default.Objectives.Select(metric => metric.Key)];

    /// <summary>What is wrong about an objective that the runs of a task do not measure; null: they do.</summary>
    public static string? Problem(string objective, TaskDescriptor task, RunSpec spec)
    {
        string[] measured = [.. task.Metrics.Where(metric => metric.Direction != MetricDirection.None
            && (metric.Key != MetricKeys.EvalF1 || task.Primary.Key == MetricKeys.EvalF1)).Select(metric => metric.Key)];
        return !measured.Contains(objective)
            ? $"objective is \"{objective}\", which the task {task.Id} of dataset '{spec.Dataset}' does not measure; "
                + $"use {string.Join(", ", measured.SkipLast(1))} or {measured[^1]}."
            : MetricCatalog.Default.Of(objective).IsOfGenerated && spec.GenerateSamples == 0
            ? $"objective is \"{objective}\", which needs generated texts; set generateSamples to the number of rows to generate for."
            : null;
    }

    /// <summary>A value for messages.</summary>
    public static string Format(string objective, double value) => MetricCatalog.Default.Of(objective).Text(value);

    /// <summary>The value with its sign chosen so that higher is better.</summary>
    public static double Score(string objective, double value) =>
        MetricCatalog.Default.Of(objective).Sign * value;
}
