namespace LoraLab.Training.Models.Memory;

/// <summary>The rows of a calibration, which determine its memory.</summary>
/// <param name="Tokens">Tokens of all rows.</param>
/// <param name="LongestText">Tokens of the longest row.</param>
public sealed record CalibrationShape(long Tokens, int LongestText);
