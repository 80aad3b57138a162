using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>Metrics that a sweep can optimize.</summary>
internal static class Objective
{
    public static readonly IReadOnlyList<string> All = [.. MetricCatalog.Default.Objectives.Select(metric => metric.Key)];

    /// <summary>What is wrong about an objective that the task of a dataset does not measure; null: it does.</summary>
    public static string? Problem(string objective, TaskDescriptor task, string dataset)
    {
        string[] measured = [.. task.Metrics.Where(metric => metric.Direction != MetricDirection.None).Select(metric => metric.Key)];
        return measured.Contains(objective) ? null
            : $"objective is \"{objective}\", which the task {task.Id} of dataset '{dataset}' does not measure; "
                + $"use {string.Join(", ", measured.SkipLast(1))} or {measured[^1]}.";
    }

    /// <summary>A value for messages.</summary>
    public static string Format(string objective, double value) => MetricCatalog.Default.Of(objective).Text(value);

    /// <summary>The value with its sign chosen so that higher is better.</summary>
    public static double Score(string objective, double value) =>
        MetricCatalog.Default.Of(objective).Sign * value;
}
