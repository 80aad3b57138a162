using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>
/// Optimizer step on a base in four bits against one in the precision of the kernels: TinyLlama's shape with 2 blocks, a window of more
/// than 512 tokens in one pass.
/// </summary>
/// <param name="form">Form of the base.</param>
/// <param name="dtype">Precision of the kernels.</param>
/// <param name="target">Target of the ratio; null: none.</param>
internal sealed class StepFourBits(BaseWeights form, ScalarType dtype, Target? target) : IMeasurement
{
    private const int Sentences = 240;
    private const int Layers = 2;

    /// <inheritdoc />
    public string Name => $"step-{EnumWords.Of(form)}-{PrecisionNames.Of(dtype)}";

    /// <inheritdoc />
    public string Description => $"optimizer step on a base in {EnumWords.Of(form)} against one in {PrecisionNames.Of(dtype)}, TinyLlama "
        + $"shape with {Layers} blocks";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        bench.Require(dtype);
        using StepWorkload plain = Workload(bench, BaseWeights.AsStored);
        using StepWorkload quantized = Workload(bench, form);
        int step = plain.TypicalStep;
        Comparison compared = Blocks.Compare(
            bench,
            bench.Side("plain", 1, _ => plain.Step(plain.Packed, step)),
            [bench.Side(EnumWords.Of(form), 1, _ => quantized.Step(quantized.Packed, step))],
            warmUp: 2);
        return
        [
            Finding.OfShare(
                this, (PrecisionNames.Of(dtype), EnumWords.Of(form)), compared, target,
                $"rank {Specs.AllLinear.Rank}, step {step} of SST-2: {plain.Tokens(step)} tokens in one pass"),
        ];
    }

    private StepWorkload Workload(Bench bench, BaseWeights weights) => new(bench, Preparation.Random(
        bench,
        Specs.AllLinear with { TrainSamples = Sentences, EffectiveBatch = 24, BaseWeights = weights },
        RandomWeights.TinyLlama(bench.TinyLlama, Layers).WithBase(weights),
        dtype,
        evaluationRows: 1));
}
