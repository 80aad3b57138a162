namespace LoraLab.Contracts.Metrics;

/// <summary>Metrics of the predictions of one label.</summary>
/// <param name="Rows">Rows that have the label.</param>
/// <param name="Predicted">Rows for which it is predicted.</param>
/// <param name="Correct">Rows that have it and for which it is predicted.</param>
public sealed record LabelMetrics(int Rows, int Predicted, int Correct)
{
    /// <summary>Share of correct rows among those for which it is predicted; 0 if there are none.</summary>
    public double Precision => Predicted == 0 ? 0 : (double)Correct / Predicted;

    /// <summary>Share of correct rows among those that have it; 0 if there are none.</summary>
    public double Recall => Rows == 0 ? 0 : (double)Correct / Rows;

    /// <summary>Harmonic mean of precision and recall; 0 if there is no correct row.</summary>
    public double F1 => Correct == 0 ? 0 : 2.0 * Correct / (Rows + Predicted);
}
