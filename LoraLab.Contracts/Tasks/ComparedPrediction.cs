namespace LoraLab.Contracts.Tasks;

/// <summary>A row with the predictions of two runs.</summary>
/// <param name="A">That of the first run, with the texts of the row.</param>
/// <param name="B">That of the second run.</param>
/// <param name="Difference">Loss of the first minus that of the second; null: unknown.</param>
public sealed record ComparedPrediction(Prediction A, Prediction B, double? Difference);
