namespace LoraLab.Contracts.Tasks;

/// <summary>The prediction for a row at one of a run's evaluations.</summary>
/// <param name="Step">Step of the evaluation.</param>
/// <param name="Predicted">Index of the predicted label; null: the task has no labels.</param>
/// <param name="Correct">Whether the prediction was right; null: nothing was predicted.</param>
/// <param name="Margin">The highest score minus the second highest; null: there are not two.</param>
/// <param name="Loss">Loss of the row; null with labels, or where not finite.</param>
public sealed record PredictionPoint(int Step, int? Predicted, bool? Correct, double? Margin, double? Loss);
