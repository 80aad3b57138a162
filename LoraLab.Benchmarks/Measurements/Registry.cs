using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Training;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>The registered measurements.</summary>
internal static class Registry
{
    /// <summary>All measurements, in the order of the table.</summary>
    public static IReadOnlyList<IMeasurement> All { get; } =
    [
        new Ledger(),
        new StepTinyLlama(2, ScalarType.Float32, "all-linear", Specs.AllLinear, Target.AtLeast(2.0, 2.6)),
        new StepTinyLlama(2, ScalarType.Float32, "q-v", Specs.QueryValue, Target.AtLeast(2.0, 2.6)),
        new StepTinyLlama(2, ScalarType.BFloat16, "all-linear", Specs.AllLinear, Target.AtLeast(1.7, 2.1)),
        new StepTinyLlama(2, ScalarType.BFloat16, "q-v", Specs.QueryValue, Target.AtLeast(1.7, 2.1)),
        new StepTinyLlama(2, ScalarType.Float16, "all-linear", Specs.AllLinear, Target.AtLeast(1.7, 2.1)),
        new StepTinyLlama(2, ScalarType.Float16, "q-v", Specs.QueryValue, Target.AtLeast(1.7, 2.1)),
        new StepTinyLlama(22, ScalarType.BFloat16, "all-linear", Specs.AllLinear, null),
        new StepTinyLlama(22, ScalarType.BFloat16, "q-v", Specs.QueryValue, null),
        new StepTinyLlama(22, ScalarType.Float16, "all-linear", Specs.AllLinear, null),
        new StepTinyLlama(22, ScalarType.Float16, "q-v", Specs.QueryValue, null),
        new StepSmall("sample", Specs.Sample),
        new StepSmall("stories260K", Specs.Stories),
        .. StepFamily.Types.Select(type => new StepFamily(type)),
        .. StepMethod.All(),
        new StepFourBits(BaseWeights.Nf4, ScalarType.Float32, Target.NoMoreThan(1.35)),
        new StepFourBits(BaseWeights.Nf4Double, ScalarType.Float32, Target.NoMoreThan(1.35)),
        new StepFourBits(BaseWeights.Nf4Double, ScalarType.BFloat16, null),
        new StepFourBits(BaseWeights.Nf4Double, ScalarType.Float16, null),
        new QuantizeRate(),
        new EvaluationTinyLlama(2, ScalarType.Float32),
        new EvaluationTinyLlama(2, ScalarType.BFloat16),
        new EvaluationTinyLlama(2, ScalarType.Float16),
        new EvaluationTinyLlama(22, ScalarType.BFloat16),
        new EvaluationTinyLlama(22, ScalarType.Float16),
        new EvaluationSmall("sample", Specs.Sample),
        new EvaluationSmall("stories260K", Specs.Stories),
        new Generation(2, ScalarType.Float32),
        new Generation(2, ScalarType.BFloat16),
        new Generation(2, ScalarType.Float16),
        new EvaluationLabels("sample", (bench, data) => Preparation.FromCatalog(bench, Specs.Sample(bench), data)),
        new EvaluationLabels("stories260K", (bench, data) => Preparation.FromCatalog(bench, Specs.Stories(bench), data)),
        new EvaluationLabels("tinyllama6", (bench, _) => Preparation.Random(
            bench,
            Specs.AllLinear with { TrainSamples = 16 },
            RandomWeights.TinyLlama(bench.TinyLlama, layers: 6),
            ScalarType.Float32,
            evaluationRows: 1), rows: 16),
        new GemmRate(ScalarType.Float32),
        new GemmRate(ScalarType.BFloat16),
        new GemmRate(ScalarType.Float16),
        new OptimizerShare(),
        new ModelLoad(),
        new Tokenizing("qwen3", "Qwen3-tokenizer-only", 5.4, 1_750_171, Target.NoMoreThan(12, 6)),
        new Tokenizing("tinyllama", "TinyLlama-1.1B-Chat-v1.0-tokenizer-only", 6.0, null, null),
        new ColdStart(),
        new WarmStart(),
        new ServerOverhead(),
        new FirstPage(),
        new Counters("sample", (bench, steps, data) => Preparation.FromCatalog(bench, CountedRun.Spec(Specs.Sample(bench), steps), data)),
        new Counters("stories260K", (bench, steps, data) =>
            Preparation.FromCatalog(bench, CountedRun.Spec(Specs.Stories(bench), steps), data)),
        new Counters(
            "22blocks",
            (bench, steps, _) => Deep(bench, steps),
            "TinyLlama's 22 blocks at hidden size 64, random weights: as many calls and objects as in the whole model"),
    ];

    private static PreparedRun Deep(Bench bench, int steps) => Preparation.Random(
        bench,
        CountedRun.Spec(Specs.AllLinear with { Rank = 8 }, steps),
        RandomWeights.TinyLlama(bench.TinyLlama, layers: 22) with
        {
            HiddenSize = 64,
            IntermediateSize = 176,
            Heads = 4,
            KeyValueHeadsOrNull = 1,
            HeadSizeOrNull = null,
            VocabularySize = 32000,
        },
        ScalarType.Float32,
        evaluationRows: 8);
}
