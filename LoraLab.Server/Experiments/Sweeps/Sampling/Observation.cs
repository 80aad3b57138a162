namespace LoraLab.Server.Experiments.Sweeps.Sampling;

/// <summary>A sampled point and its score.</summary>
/// <param name="Point">Its coordinates.</param>
/// <param name="Score">The score, higher is better; null: failed or still running, which repels TPE either way.</param>
internal sealed record Observation(double[] Point, double? Score);
