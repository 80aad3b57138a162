using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Specs;
using static TorchSharp.torch;

namespace LoraLab.Training.Training.Gradients;

/// <summary>The packed passes of every window of a run, on the device. Every epoch has the same windows.</summary>
public sealed class TrainingPasses : IDisposable
{
    private readonly IndexArena _arena = new();
    private readonly List<IReadOnlyList<TrainingPass>> _windows = [];

    /// <summary>Packs all windows.</summary>
    /// <param name="plan">Windows.</param>
    /// <param name="train">Sentences in consumed order.</param>
    /// <param name="limits">How much one pass may hold.</param>
    /// <param name="weighting">Weight of a target in its window's loss.</param>
    /// <param name="vocabulary">Size of the vocabulary.</param>
    /// <param name="device">Where the indices go.</param>
    public TrainingPasses(RunSchedule plan, IReadOnlyList<TrainingExample> train, PassLimits limits, LossWeighting weighting, int vocabulary, Device device)
    {
        for (int step = 1; step <= Math.Min(plan.WindowsPerEpoch, plan.TotalSteps); step++)
        {
            (int start, int count) = plan.Window(step);
            TrainingExample[] window = [.. train.Skip(start).Take(count)];
            WindowWeights weights = new(window, weighting);
            _windows.Add([.. limits.Split(window).Select(examples => TrainingPass.Create(_arena, examples, limits, weights.Of, vocabulary))]);
        }

        _arena.Upload(device);
    }

    /// <summary>All windows of an epoch, in order.</summary>
    public IReadOnlyList<IReadOnlyList<TrainingPass>> Windows => _windows;

    /// <summary>Bytes of all indices and weights.</summary>
    public long IndexBytes => _arena.Bytes;

    /// <summary>The passes of step n, from 1.</summary>
    public IReadOnlyList<TrainingPass> Of(int step) => _windows[(step - 1) % _windows.Count];

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (TrainingPass pass in _windows.SelectMany(passes => passes))
        {
            pass.Dispose();
        }

        _arena.Dispose();
    }
}
