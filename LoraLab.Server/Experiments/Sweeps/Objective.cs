using LoraLab.Contracts.Metrics;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>Metrics that a sweep can optimize.</summary>
internal static class Objective
{
    public static readonly IReadOnlyList<string> All = [.. MetricCatalog.Default.Objectives.Select(metric => metric.Key)];

    /// <summary>A value for messages.</summary>
    public static string Format(string objective, double value) => MetricCatalog.Default.Of(objective).Text(value);

    /// <summary>The value with its sign chosen so that higher is better.</summary>
    public static double Score(string objective, double value) =>
        MetricCatalog.Default.Of(objective).Sign * value;
}
