using LoraLab.Contracts.Metrics;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>What a sweep searches for.</summary>
internal static class Objective
{
    public static readonly IReadOnlyList<string> All = [MetricKeys.EvalAccuracy, MetricKeys.EvalMacroF1, MetricKeys.EvalLoss];

    /// <summary>The value turned so that higher is better.</summary>
    public static double Score(string objective, double value) => MetricKeys.LowerIsBetter(objective) ? -value : value;
}
