using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Training.Models;
using LoraLab.Training.Training;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>Optimizer step of a family with 4 layers at width 512: literal against packed with shared prefix.</summary>
/// <param name="type">The family's <c>model_type</c>.</param>
internal sealed class StepFamily(string type) : IMeasurement
{
    private const int Sentences = 160;

    /// <summary>The families.</summary>
    public static IReadOnlyList<string> Types { get; } = ["llama", "mistral", "qwen2", "qwen3", "gemma3_text", "phi3"];

    /// <inheritdoc />
    public string Name => $"step-family-{type}";

    /// <inheritdoc />
    public string Description => $"optimizer step, {type} with 4 blocks at width 512, fp32, rank 32 all-linear";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        PreparedRun run = Preparation.Random(
            bench, Specs.AllLinear with { TrainSamples = Sentences }, Config(bench), ScalarType.Float32, evaluationRows: 1);
        using StepWorkload work = new(bench, run);
        SameMath.Perturb(run);
        int step = work.TypicalStep;
        string error = SameMath.Require(work, step, ("packed with shared prefix", work.Shared));
        Comparison compared = Blocks.Compare(
            bench,
            bench.Side("literal", 1, _ => work.Step(work.Literal, step)),
            [bench.Side("shared", 1, _ => work.Step(work.Shared, step))],
            warmUp: 2);
        return [bench.Speedup(this, compared, "literal", "packed, shared prefix", 1, Target.AtLeast(1.5, 2), error)];
    }

    private LlamaConfig Config(Bench bench) => LlamaConfig.Read(bench.TinyLlama) with
    {
        ModelType = type,
        HiddenSize = 512,
        IntermediateSize = 1408,
        Layers = 4,
        Heads = 8,
        KeyValueHeadsOrNull = 2,
        HeadSizeOrNull = 64,
        SlidingWindow = type is "mistral" or "gemma3_text" ? 32 : null,
        SlidingWindowPattern = 4,
        QueryScalar = type == "gemma3_text" ? 64 : null,
        LocalTheta = type == "gemma3_text" ? 10_000 : null,
        HiddenActivation = type == "gemma3_text" ? "gelu_pytorch_tanh" : null,
    };
}
