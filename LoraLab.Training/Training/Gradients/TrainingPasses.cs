using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Specs;
using static TorchSharp.torch;

namespace LoraLab.Training.Training.Gradients;

/// <summary>The packed passes of all windows of a run on the device. Every epoch has the same windows.</summary>
public sealed class TrainingPasses : IDisposable
{
    private readonly IndexArena _arena = new();
    private readonly List<IReadOnlyList<TrainingPass>> _windows = [];

    /// <summary>Packs all windows.</summary>
    /// <param name="schedule">Windows of the run.</param>
    /// <param name="train">Sentences in training order.</param>
    /// <param name="limits">Limits of a pass.</param>
    /// <param name="weighting">Weighting of the targets in their window's loss.</param>
    /// <param name="config">The model.</param>
    /// <param name="device">Device of the indices.</param>
    public TrainingPasses(
        RunSchedule schedule,
        IReadOnlyList<TrainingExample> train,
        PassLimits limits,
        LossWeighting weighting,
        LlamaConfig config,
        Device device)
    {
        for (int step = 1; step <= Math.Min(schedule.WindowsPerEpoch, schedule.TotalSteps); step++)
        {
            (int start, int count) = schedule.Window(step);
            TrainingExample[] window = [.. train.Skip(start).Take(count)];
            WindowWeights weights = new(window, weighting);
            _windows.Add(
                [.. limits.Split(window).Select(examples => TrainingPass.Create(_arena, examples, limits, weights.Of, config))]);
        }

        _arena.Upload(device);
    }

    /// <summary>The passes of each window of an epoch, in order.</summary>
    public IReadOnlyList<IReadOnlyList<TrainingPass>> Windows => _windows;

    /// <summary>Bytes of all indices and weights.</summary>
    public long IndexBytes => _arena.Bytes;

    /// <summary>Returns the passes of step n, from 1.</summary>
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
