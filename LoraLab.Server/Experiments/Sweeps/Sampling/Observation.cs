namespace LoraLab.Server.Experiments.Sweeps.Sampling;

/// <summary>A point and what came of it.</summary>
/// <param name="Point">Its coordinates.</param>
/// <param name="Score">The result, higher is better; null: it failed, or there is none yet. Both are kept away from.</param>
internal sealed record Observation(double[] Point, double? Score);
