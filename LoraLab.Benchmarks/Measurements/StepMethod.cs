using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Specs;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>Optimizer step of a method against that of LoRA with the same rank and targets: TinyLlama's shape with 2 blocks.</summary>
/// <param name="method">Id of the method.</param>
/// <param name="label">Name of the adapters on the command line.</param>
/// <param name="spec">LoRA's adapters.</param>
/// <param name="target">Target of the ratio; null: none.</param>
internal sealed class StepMethod(string method, string label, RunSpec spec, Target? target) : IMeasurement
{
    private const int Sentences = 160;
    private const int Layers = 2;

    /// <inheritdoc />
    public string Name => $"step-method-{method}-{label}";

    /// <inheritdoc />
    public string Description => $"optimizer step of {method} against LoRA, TinyLlama shape with {Layers} blocks, fp32, {label}";

    /// <summary>The methods whose layers compute with more than LoRA's factors, on q and v and on all linear layers.</summary>
    public static IEnumerable<StepMethod> All()
    {
        foreach ((string method, double queryValue, double allLinear) in new[]
        {
            ("dora", 1.35, 1.35), ("lora-fa", 1.35, 1.35), ("adalora", 1.35, 1.35),
            ("vera", 1.5, 2.5), ("ia3", 1.5, 2.5), ("loha", 1.5, 2.5), ("lokr", 1.5, 2.5),
        })
        {
            yield return new(method, "q-v", Specs.QueryValue, Target.NoMoreThan(queryValue));
            yield return new(method, "all-linear", Specs.AllLinear, Target.NoMoreThan(allLinear));
        }
    }

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using StepWorkload lora = Workload(bench, spec);
        using StepWorkload other = Workload(bench, spec with { Method = method });
        int step = lora.TypicalStep;
        Comparison compared = Blocks.Compare(
            bench,
            bench.Side("lora", 1, _ => lora.Step(lora.Shared, step)),
            [bench.Side(method, 1, _ => other.Step(other.Shared, step))],
            warmUp: 2);
        return
        [
            Finding.OfShare(
                this, ("lora", method), compared, target, $"rank {spec.Rank}, step {step} of SST-2: {lora.Tokens(step)} tokens"),
        ];
    }

    private static StepWorkload Workload(Bench bench, RunSpec spec)
    {
        LoraMethod method = LoraMethods.Find(spec.Method)!;
        RunSpec complete = spec with { TrainSamples = Sentences, MethodOptions = method.Complete([], []) };
        int steps = RunSchedule.From(complete, Sentences).TotalSteps;
        return new(bench, Preparation.Random(
            bench,
            complete with { MethodOptions = method.CompleteFor(complete, steps, []) },
            RandomWeights.TinyLlama(bench.TinyLlama, Layers),
            ScalarType.Float32,
            evaluationRows: 1));
    }
}
