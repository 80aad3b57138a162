using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Optimization;
using static TorchSharp.torch;

namespace LoraLab.Training.Training;

/// <summary>
/// Operators of one optimizer step on a model with the blocks, heads and vocabulary of TinyLlama, in one pass with a shared prefix and the
/// kernels of a GPU: forward, backward, clipping and update. The widths are small, because the number of operators does not depend on them.
/// </summary>
internal static class LaunchCount
{
    /// <summary>Sentences of a window.</summary>
    public const int Sentences = 16;

    private const int Prefix = 9;
    private const int Rank = 8;

    /// <summary>Counts the operators of a step by name, after one that is not counted.</summary>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="targets">Short names of the adapted layers; null: all.</param>
    /// <param name="dtype">Precision of the frozen weights.</param>
    /// <param name="device">Device of the step.</param>
    public static IReadOnlyDictionary<string, int> OfStep(int blocks, IReadOnlyList<string>? targets, ScalarType dtype, Device device)
    {
        LlamaConfig config = new()
        {
            ModelType = "llama",
            HiddenSize = 64,
            IntermediateSize = 176,
            Layers = blocks,
            Heads = 32,
            KeyValueHeadsOrNull = 4,
            VocabularySize = 32000,
            ContextLength = 64,
            RmsNormEpsilon = 1e-5,
        };
        using IDisposable kernels = Kernels.Choose(KernelSet.Gpu);
        using IDisposable scope = NewDisposeScope();
        using Generator generator = new(42, CPU);
        using LlamaModel model = LlamaFactory.Build(
            config, (_, shape) => randn(shape, generator: generator).Times(0.02).to(dtype).to(device).DetachFromDisposeScope());
        List<(string Name, Tensor Value)> parameters = [];
        foreach (LinearLayer linear in model.Linears.Where(linear => targets?.Contains(linear.ShortName) != false))
        {
            LowRankAdapter adapter = new(
                linear.Name,
                randn([Rank, linear.In], generator: generator).to(device),
                randn([linear.Out, Rank], generator: generator).to(device),
                scaling: 2);
            linear.Adapter = adapter;
            parameters.AddRange(adapter.Trainable.Select(parameter => (parameter.Name, parameter.Value)));
        }

        using FusedAdamW optimizer = new(
            new(JoinedOrder.Of(model, parameters, parameter => parameter.Value)
                .Select(parameter => (parameter.Name, parameter.Value, 1e-4))),
            weightDecay: 0,
            maxGradNorm: 1);
        using PackedLlama packed = new(model);
        using IndexArena arena = new();
        using TrainingPass pass = TrainingPass.Create(
            arena, Window(), new PassLimits(Sentences, null, SharePrefix: true, Bucketed: false), _ => 0.01, config);
        arena.Upload(device);
        Tensor log = zeros(1, 2, float64, device);
        Step();
        return OperatorCounter.Count(Step);

        void Step()
        {
            using IDisposable step = NewDisposeScope();
            optimizer.ZeroGradients();
            optimizer.Step(1, packed.Gradient(pass, lossScale: dtype == float16 ? 1024 : 1), dtype == float16 ? 1024 : 1, 1, log, 0);
        }
    }

    // About as long as the paper's.
    private static TrainingExample[] Window()
    {
        Random random = new(7);
        int[] prefix = [.. Enumerable.Range(0, Prefix).Select(_ => random.Next(3, 32000))];
        return
        [
            .. Enumerable.Range(0, Sentences).Select(row => TrainingExample.From(
                row, [.. prefix, .. Enumerable.Range(0, 12 + (2 * row)).Select(_ => random.Next(3, 32000))], 1)),
        ];
    }
}
