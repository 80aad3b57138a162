namespace LoraLab.Contracts.Metrics;

/// <summary>Names of the metrics.</summary>
public static class MetricKeys
{
    /// <summary>Loss of the window before its update, natural logarithm.</summary>
    public const string TrainLoss = "train/loss";

    /// <summary>Global gradient norm before clipping.</summary>
    public const string TrainGradNorm = "train/gradNorm";

    /// <summary>Learning rate of the step (of A in LoRA+).</summary>
    public const string TrainLearningRate = "train/learningRate";

    /// <summary>Tokens a second in training, BOS counted.</summary>
    public const string TrainTokensPerSecond = "train/tokensPerSecond";

    /// <summary>Factor of the gradient on its way back; recorded with fp16 base weights only.</summary>
    public const string TrainLossScale = "train/lossScale";

    /// <summary>Accuracy in [0, 1].</summary>
    public const string EvalAccuracy = "eval/accuracy";

    /// <summary>Unweighted mean of the class F1 scores.</summary>
    public const string EvalMacroF1 = "eval/macroF1";

    /// <summary>Mean of minus the true label's score.</summary>
    public const string EvalLoss = "eval/loss";

    /// <summary>Memory in use, MiB.</summary>
    public const string MemoryUsedMb = "memory/usedMb";

    /// <summary>All of them, in the order in which they are shown.</summary>
    public static IReadOnlyList<string> All { get; } =
        [EvalAccuracy, EvalMacroF1, EvalLoss, TrainLoss, TrainGradNorm, TrainLearningRate, TrainTokensPerSecond, TrainLossScale, MemoryUsedMb];

    /// <summary>True where lower is better.</summary>
    public static bool LowerIsBetter(string key) => key is TrainLoss or EvalLoss or TrainGradNorm or MemoryUsedMb;

    /// <summary>Whether the metric is measured by evaluations.</summary>
    public static bool IsEvaluation(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.StartsWith("eval/", StringComparison.Ordinal);
    }
}
