using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// Memory of a training process without model and activations: runtime, libraries, compiled kernels, data. It is measured, not guessed:
/// this process takes a step with a model of a few kilobytes in the same precision.
/// </summary>
public static class ProcessMemory
{
    /// <summary>
    /// The CUDA context with the libraries' workspaces, bytes, where it is not measured: 300 to 500 MiB, by card and driver.
    /// </summary>
    public const double AssumedContext = 450.0 * 1024 * 1024;

    private static readonly LlamaConfig _smallest = new()
    {
        ModelType = "llama",
        HiddenSize = 64,
        IntermediateSize = 128,
        Layers = 1,
        Heads = 2,
        KeyValueHeadsOrNull = 1,
        VocabularySize = 64,
        ContextLength = 16,
    };

    /// <summary>Bytes of this process on a device, after its data has been read.</summary>
    public static double Measure(Device device, Precision precision)
    {
        PeakMemory memory = new(device);
        TakeStep(device, PrecisionRule.Dtype(precision));
        memory.Begin();
        return (memory.Sample() ?? 0) * 1024 * 1024;
    }

    private static void TakeStep(Device device, ScalarType dtype)
    {
        using IDisposable scope = NewDisposeScope();
        using LlamaModel model =
            LlamaFactory.Build(_smallest, (_, shape) => ones(shape, shape.Length == 1 ? float32 : dtype, device).DetachFromDisposeScope());
        using PackedLlama packed = new(model);
        using IndexArena arena = new();
        TrainingExample[] window = [TrainingExample.From(0, [1, 2, 3, 4], 1), TrainingExample.From(1, [1, 2, 5], 1)];
        TrainingPass pass = TrainingPass.Create(
            arena, window, new PassLimits(2, null, SharePrefix: true, Bucketed: true), _ => 1, _smallest);
        arena.Upload(device);
        using Tensor loss = packed.Gradient(pass);
        TensorReader.Doubles(loss);
    }
}
