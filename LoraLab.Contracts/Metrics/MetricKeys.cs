namespace LoraLab.Contracts.Metrics;

/// <summary>Metric keys.</summary>
public static class MetricKeys
{
    /// <summary>Loss of the window before its update, natural logarithm (nats).</summary>
    public const string TrainLoss = "train/loss";

    /// <summary>Global gradient norm before clipping.</summary>
    public const string TrainGradNorm = "train/gradNorm";

    /// <summary>Learning rate of the step (of A in LoRA+).</summary>
    public const string TrainLearningRate = "train/learningRate";

    /// <summary>Training throughput in tokens per second, BOS counted.</summary>
    public const string TrainTokensPerSecond = "train/tokensPerSecond";

    /// <summary>Loss scale; recorded with fp16 base weights only.</summary>
    public const string TrainLossScale = "train/lossScale";

    /// <summary>Accuracy in [0, 1].</summary>
    public const string EvalAccuracy = "eval/accuracy";

    /// <summary>Unweighted mean of the per-class F1 scores.</summary>
    public const string EvalMacroF1 = "eval/macroF1";

    /// <summary>Mean negative score of the true label.</summary>
    public const string EvalLoss = "eval/loss";

    /// <summary>Memory in use, MiB.</summary>
    public const string MemoryUsedMb = "memory/usedMb";

    /// <summary>All keys in display order.</summary>
    public static IReadOnlyList<string> All { get; } =
        [
            EvalAccuracy, EvalMacroF1, EvalLoss, TrainLoss, TrainGradNorm, TrainLearningRate, TrainTokensPerSecond, TrainLossScale,
            MemoryUsedMb,
        ];

    /// <summary>Returns whether lower is better.</summary>
    public static bool LowerIsBetter(string key) => key is TrainLoss or EvalLoss or TrainGradNorm or MemoryUsedMb;

    /// <summary>Returns whether the metric is measured by evaluations.</summary>
    public static bool IsEvaluation(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.StartsWith("eval/", StringComparison.Ordinal);
    }
}
