using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>Metrics that a sweep can optimize.</summary>
internal static class Objective
{
    public static readonly IReadOnlyList<string> All = [MetricKeys.EvalAccuracy, MetricKeys.EvalMacroF1, MetricKeys.EvalLoss];

    /// <summary>A value for messages: accuracy and macro-F1 as percentages, the loss as a number.</summary>
    public static string Format(string objective, double value) =>
        MetricKeys.LowerIsBetter(objective) ? NumberFormat.Number(value) : NumberFormat.Percent(value);

    /// <summary>The value with its sign chosen so that higher is better.</summary>
    public static double Score(string objective, double value) => MetricKeys.LowerIsBetter(objective) ? -value : value;
}
