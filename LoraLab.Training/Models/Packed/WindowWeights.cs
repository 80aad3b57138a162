using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Weight of each target token in the loss of its window; the weights of a window sum to 1, however it is split into passes.
/// </summary>
/// <param name="window">Sentences of the window.</param>
/// <param name="weighting">Mean over sentences of their token means, or mean over tokens.</param>
public sealed class WindowWeights(IReadOnlyList<TrainingExample> window, LossWeighting weighting)
{
    private readonly int _targets = window.Sum(example => example.TargetCount);

    /// <summary>Weight of each target token of a sentence.</summary>
    public double Of(TrainingExample example) =>
        weighting == LossWeighting.PerToken ? 1.0 / _targets : 1.0 / ((double)window.Count * example.TargetCount);
}
