namespace LoraLab.Contracts.Metrics;

/// <summary>Metric keys; <see cref="MetricCatalog"/> describes the metrics.</summary>
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
}
