namespace LoraLab.Contracts.Runs;

/// <summary>Names of the figures in <see cref="RunFingerprint.Paper"/>.</summary>
public static class PaperFigureNames
{
    /// <summary>Hash of the base weights.</summary>
    public const string Weights = "weights of TinyLlama-1.1B-Chat-v1.0 (sha256)";

    /// <summary>Training sentences of each label.</summary>
    public const string TrainingLabels = "negative / positive training sentences";

    /// <summary>Evaluation rows of each label.</summary>
    public const string EvaluationLabels = "negative / positive evaluation rows";

    /// <summary>Optimizer steps.</summary>
    public const string Steps = "optimizer steps";

    /// <summary>Tokens consumed.</summary>
    public const string Tokens = "training tokens";

    /// <summary>Those that say whether weights and data are the paper's; steps and tokens say how far a run followed it.</summary>
    public static IReadOnlyList<string> WeightsAndData { get; } = [Weights, TrainingLabels, EvaluationLabels];
}
