using LoraLab.Training.Kernels;
using LoraLab.Training.Model;

namespace LoraLab.Training.Engine;

/// <summary>The packed model with the adapters of the runs that go together; made anew when another set of runs does.</summary>
/// <param name="model">The frozen base.</param>
public sealed class PackedModels(LlamaModel model) : IDisposable
{
    private IReadOnlyList<TrainingRun> _runs = [];
    private PackedLlama? _packed;

    /// <summary>The model for runs, in their order.</summary>
    public PackedLlama Of(IReadOnlyList<TrainingRun> runs)
    {
        if (_packed is null || !runs.SequenceEqual(_runs))
        {
            _packed?.Dispose();
            _packed = new PackedLlama(model, [.. runs.Select(run => run.Run.Adapters)]);
            _runs = [.. runs];
        }

        return _packed;
    }

    /// <inheritdoc />
    public void Dispose() => _packed?.Dispose();
}
