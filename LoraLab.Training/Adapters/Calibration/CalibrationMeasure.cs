namespace LoraLab.Training.Adapters.Calibration;

/// <summary>What is measured at a linear layer on calibration rows, one matrix.</summary>
public enum CalibrationMeasure
{
    /// <summary>Covariance of the layer's inputs over every token of all rows, centered, [in, in], float64.</summary>
    CenteredCovariance,

    /// <summary>
    /// Mean over the rows of XᵀX, not centered, where X, tokens by width, is divided by the absolute value of its maximum, [in, in],
    /// float64.
    /// </summary>
    NormalizedCovariance,

    /// <summary>Gradient of the loss of all rows as one window for the layer's weight, [out, in], float64.</summary>
    Gradient,
}
