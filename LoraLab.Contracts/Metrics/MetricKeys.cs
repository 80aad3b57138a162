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

    /// <summary>Mean of the per-class F1 scores, weighted by the rows of each class.</summary>
    public const string EvalWeightedF1 = "eval/weightedF1";

    /// <summary>F1 score of the positive label, for datasets that have one, such as GLUE's MRPC and QQP.</summary>
    public const string EvalF1 = "eval/f1";

    /// <summary>Matthews correlation in [-1, 1], over all labels; 0 where it is undefined.</summary>
    public const string EvalMcc = "eval/mcc";

    /// <summary>
    /// Classification: mean over the rows of minus the sum of the true label's token log-probabilities. Completion: mean over all target
    /// tokens.
    /// </summary>
    public const string EvalLoss = "eval/loss";

    /// <summary>Exponential of <see cref="EvalLoss"/> of completion.</summary>
    public const string EvalPerplexity = "eval/perplexity";

    /// <summary>Share of the generated texts equal to their reference.</summary>
    public const string EvalExactMatch = "eval/exactMatch";

    /// <summary>Mean ROUGE-L of the generated texts.</summary>
    public const string EvalRougeL = "eval/rougeL";

    /// <summary>Share of the generated texts whose last number is that of their reference.</summary>
    public const string EvalNumericMatch = "eval/numericMatch";

    /// <summary>Mean rank of the layers of an adapter, at evaluations; only of methods that change ranks while they train.</summary>
    public const string AdapterRank = "adapter/rank";

    /// <summary>Memory in use, MiB.</summary>
    public const string MemoryUsedMb = "memory/usedMb";
}
