namespace LoraLab.Contracts.Runs;

/// <summary>Names of the figures in <see cref="RunFingerprint.Paper"/>.</summary>
public static class PaperFigureNames
{
    /// <summary>Hash of the base weights.</summary>
    public const string Weights = "weights of TinyLlama-1.1B-Chat-v1.0 (sha256)";

    /// <summary>Training sentences per label.</summary>
    public const string TrainingLabels = "negative / positive training sentences";

    /// <summary>Evaluation rows per label.</summary>
    public const string EvaluationLabels = "negative / positive evaluation rows";

    /// <summary>Optimizer steps.</summary>
    public const string Steps = "optimizer steps";

    /// <summary>Tokens consumed.</summary>
    public const string Tokens = "training tokens";

    /// <summary>Figures that identify the paper's weights and data; steps and tokens show how far a run followed its protocol.</summary>
    public static IReadOnlyList<string> WeightsAndData { get; } = [Weights, TrainingLabels, EvaluationLabels];
}
