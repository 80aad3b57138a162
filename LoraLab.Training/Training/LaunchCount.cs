using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Optimization;
using static TorchSharp.torch;

namespace LoraLab.Training.Training;

/// <summary>
/// Operators of one optimizer step on a model with the blocks, heads and vocabulary of TinyLlama, in one pass with a shared prefix and the
/// kernels of a GPU: forward, backward, what the method adds, clipping and update. The widths are small, because the number of operators
/// does not depend on them.
/// </summary>
internal static class LaunchCount
{
    /// <summary>Sentences of a window.</summary>
    public const int Sentences = 16;

    private const int Prefix = 9;
    private const int Rank = 8;
    private const int Steps = 1250;

    /// <summary>Counts the operators of a step by name, after one that is not counted.</summary>
    /// <param name="kind">What is trained, and how.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="dtype">Precision of the frozen weights.</param>
    /// <param name="device">Device of the step.</param>
    public static IReadOnlyDictionary<string, int> OfStep(LaunchCase kind, int blocks, ScalarType dtype, Device device)
    {
        LlamaConfig config = new()
        {
            ModelType = kind.ModelType,
            HiddenSize = 64,
            IntermediateSize = 176,
            Layers = blocks,
            Heads = 32,
            KeyValueHeadsOrNull = 4,
            VocabularySize = 32000,
            ContextLength = 64,
            RmsNormEpsilon = 1e-5,
            SlidingWindow = kind.ModelType == "gemma3_text" ? 16 : null,
            SlidingWindowPattern = 6,
        };
        using IDisposable kernels = Kernels.Choose(KernelSet.Gpu);
        using IDisposable scope = NewDisposeScope();
        using Generator generator = new(42, CPU);
        using LlamaModel model = LlamaFactory.Build(
            config, (_, shape) => randn(shape, generator: generator).Times(0.02).to(dtype).to(device).DetachFromDisposeScope());
        LoraMethod method = LoraMethods.Find(kind.Method)!;
        RunSpec spec = new()
        {
            Method = kind.Method,
            Rank = Rank,
            Alpha = 2 * Rank,
            TargetModules = kind.Targets,
            Dropout = kind.Dropout,
        };
        spec = spec with { MethodOptions = method.CompleteFor(spec with { MethodOptions = method.Complete([], []) }, Steps, []) };
        Adapter[] adapters = [.. Attach(model, method, spec)];
        using FusedAdamW optimizer = new(
            new(JoinedOrder.Of(model, adapters.SelectMany(adapter => adapter.Trainable), parameter => parameter.Value)
                .Select(parameter => (parameter.Name, parameter.Value, 1e-4))),
            weightDecay: 0,
            maxGradNorm: 1,
            method.Optimizer,
            method.Hooks(spec, adapters, Steps));
        using PackedLlama packed = new(model);
        using IndexArena arena = new();
        TrainingExample[] window = Window();
        // With dropout, tokens of the prefix are dropped in each sentence anew, so that it is not shared.
        PassLimits limits = new(Sentences, null, SharePrefix: kind.Dropout == 0, Bucketed: false);
        using TrainingPass pass = TrainingPass.Create(arena, window, limits, _ => 0.01, config);
        arena.Upload(device);
        Tensor log = zeros(1, 2, float64, device);
        DropoutMasks? masks = kind.Dropout > 0
            ? new(1, 1, [.. window.Select(example => example.Row)], [.. window.Select(example => example.Ids.Length - 1)])
            : null;
        double lossScale = dtype == float16 ? 1024 : 1;
        Step();
        return OperatorCounter.Count(Step);

        void Step()
        {
            using IDisposable step = NewDisposeScope();
            optimizer.ZeroGradients();
            // In the middle of a run, when methods act that have a schedule.
            optimizer.Step(Steps / 2, packed.Gradient(pass, lossScale, masks), lossScale, 1, log, 0);
        }
    }

    private static IEnumerable<Adapter> Attach(LlamaModel model, LoraMethod method, RunSpec spec)
    {
        HashSet<string> adapted = [.. AdaptedLinear.Of(spec, model.Config).Select(linear => linear.Module)];
        foreach (LinearLayer linear in model.Linears.Where(linear => adapted.Contains(linear.Name)))
        {
            linear.Adapter = method.Create(linear, AdapterRequest.From(spec, linear.Name), spec.MethodOptions);
            yield return linear.Adapter;
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
