namespace LoraLab.Training.Tasks.Classification;

/// <summary>An evaluation row with its scores, which may be NaN or infinite.</summary>
/// <param name="Row">Row of the evaluation file, from 0.</param>
/// <param name="Label">Index of the true label.</param>
/// <param name="Predicted">Index of the predicted label.</param>
/// <param name="Scores">Log-probabilities in label order.</param>
public sealed record ScoredRow(int Row, int Label, int Predicted, IReadOnlyList<double> Scores);
