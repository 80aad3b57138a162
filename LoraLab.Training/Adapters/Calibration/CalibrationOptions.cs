namespace LoraLab.Training.Adapters.Calibration;

/// <summary>Options of methods that calibrate: the rows.</summary>
public abstract record CalibrationOptions
{
    /// <summary>Field of <see cref="CalibrationSamples"/>.</summary>
    internal const string SamplesField = "methodOptions.calibrationSamples";

    /// <summary>Number of rows.</summary>
    [MethodOption("Calibration rows", "Training rows on which the method calibrates before training.", Minimum = 1, Maximum = 1_000_000)]
    public int CalibrationSamples { get; init; } = 64;

    /// <summary>First row.</summary>
    [MethodOption(
        "Offset of the calibration rows",
        "First calibration row in the permutation of dataSeed; null: the last rows of the permutation that are not training rows.",
        Minimum = 0)]
    public int? CalibrationOffset { get; init; }
}
