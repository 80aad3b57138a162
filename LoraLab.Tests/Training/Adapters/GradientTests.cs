using System.Text.Json.Nodes;
using CsCheck;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>Gradients of adapters: which factors have one, closed forms, finite differences.</summary>
public sealed class GradientTests
{
    public static TheoryData<string> Methods => MethodBatteryTests.Adapters;

    [Theory]
    [MemberData(nameof(Methods))]
    public void Train_EveryMethod_ReachesExactlyTheTrainableFactors(string method)
    {
        using TestTrainer trainer = new();
        using OpenRun run = new(trainer, trainer.NewFolder(), Spec(method, steps: 2));
        bool seen = false;

        Assert.Null(run.Run((prepared, step) =>
        {
            // After the first step no factor is zero, so no gradient is zero for that reason alone.
            if (step == 2)
            {
                seen = true;
                AssertReached(prepared);
            }
        }));

        Assert.True(seen);
    }

    // Whether A, B and R have a gradient other than zero before the first step.
    [Theory]
    [InlineData("lora", false, true, null)]
    [InlineData("lora-plus", false, true, null)]
    [InlineData("lora-swapped", true, false, null)]
    [InlineData("lora-xs", null, null, true)]
    [InlineData("pissa", true, true, null)]
    [InlineData("dora", false, true, null)]
    [InlineData("lora-fa", null, true, null)]
    [InlineData("adalora", false, false, null)]
    public void Train_FirstStep_HasGradientsWhereTheInitializationAllows(string method, bool? a, bool? b, bool? r)
    {
        using TestTrainer trainer = new();
        using OpenRun run = new(trainer, trainer.NewFolder(), Spec(method, steps: 1));
        List<(bool?, bool?, bool?)> moves = [];

        Assert.Null(run.Run((prepared, _) => moves = [.. prepared.Adapters.Select(adapter =>
            (Moves(adapter["lora_A"]), Moves(adapter["lora_B"]), adapter.Find("lora_R") is Tensor r_RR ? Moves(r_RR) : null))]));

        Assert.Equal(run.Prepared.Adapters.Count, moves.Count);
        Assert.All(moves, found => Assert.Equal((a, b, r), found));

        static bool? Moves(Tensor factor) => factor.grad is Tensor gradient ? gradient.count_nonzero().item<long>() > 0 : null;
    }

    [Fact]
    public void Branch_AnyShape_HasTheGradientsOfTheClosedForms() =>
        (from tokens in Gen.Int[1, 12]
         from height in Gen.Int[1, 14]
         from width in Gen.Int[1, 14]
         from rank in Gen.Int[1, 9]
         from scaling in Gen.Double[0.1, 8]
         from middle in Gen.Bool
         from seed in Gen.Int[0, 1 << 20]
         select (tokens, height, width, rank, scaling, middle, seed)).Sample(
            found =>
            {
                using IDisposable scope = NewDisposeScope();
                using Generator generator = new((ulong)found.seed, CPU);
                Tensor x_NI = Random(found.tokens, found.width);
                Tensor g_NO = Random(found.tokens, found.height);
                Tensor? r_RR = found.middle ? Random(found.rank, found.rank) : null;
                using LowRankAdapter adapter = new(
                    "m", Random(found.rank, found.width), Random(found.height, found.rank), found.scaling, r_RR: r_RR);

                // With G as the loss's gradient of y: dA = s·BᵀGᵀX, dB = s·Gᵀ(XAᵀ), dR = s·BᵀGᵀ(XAᵀ).
                adapter.Branch(x_NI.unsqueeze(0), ForwardPass.Plain).squeeze(0).mul(g_NO).sum().backward();

                using IDisposable noGrad = no_grad();
                Tensor h_NR = x_NI.mm(adapter.A_RI.t());
                Tensor dh_RN = adapter.B_OR.t().mm(g_NO.t());
                if (r_RR is null)
                {
                    AssertClose(dh_RN.mm(x_NI).mul(found.scaling), adapter.A_RI.grad!);
                    AssertClose(g_NO.t().mm(h_NR).mul(found.scaling), adapter.B_OR.grad!);
                }
                else
                {
                    AssertClose(dh_RN.mm(h_NR).mul(found.scaling), r_RR.grad!);
                    Assert.True(adapter.A_RI.grad is null && adapter.B_OR.grad is null);
                }

                Tensor Random(int rows, int columns) => randn(rows, columns, dtype: float64, generator: generator);
            },
            iter: 200,
            threads: 1);

    [Theory]
    [MemberData(nameof(Methods))]
    public void Accumulate_InFloat64_MatchesFiniteDifferences(string method)
    {
        using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf(method), ScalarType.Float64).Perturb(2).InFloat64();
        TrainingExample[] window = AdaptedLlama.Window(4, 7, 11, 4);
        adapted.Accumulate(window, 2);
        Random random = new(9);
        // In DoRA, the norm depends on A and B but is a constant in the backward pass; DoraTests has their gradients.
        IEnumerable<AdapterParameter> plain =
            adapted.Parameters.Where(parameter => method != "dora" || parameter.Part == "lora_magnitude_vector");
        (AdapterParameter Parameter, long At, double Derivative)[] places = [.. plain.Select(parameter =>
        {
            long at = random.NextInt64(parameter.Value.numel());
            return (parameter, at, parameter.Value.grad!.flatten()[at].item<double>());
        })];

        foreach ((AdapterParameter parameter, long at, double derivative) in places)
        {
            const double H = 1e-5;
            double difference = (Loss(H) - Loss(-H)) / (2 * H);

            // The loss is summed with fp32 weights, whose rounding cancels in the difference.
            Assert.True(
                Math.Abs(difference - derivative) <= 1e-6 * (Math.Abs(derivative) + 1e-2),
                $"{parameter.Name}[{at}]: {difference} by differences, {derivative} by autograd");

            double Loss(double shift)
            {
                Shift(shift);
                double loss = adapted.Accumulate(window, 3);
                Shift(-shift);
                return loss;
            }

            void Shift(double by)
            {
                using IDisposable noGrad = no_grad();
                using Tensor place = parameter.Value.flatten().narrow(0, at, 1);
                place.PlusInPlace(by);
            }
        }
    }

    private static void AssertReached(PreparedRun run)
    {
        Assert.All(run.Model.NamedWeights(), weight => Assert.True(!weight.Value.requires_grad && weight.Value.grad is null, weight.Key));
        AdapterParameter[] parameters = [.. run.Adapters.SelectMany(adapter => adapter.Trainable)];
        HashSet<nint> trained = [.. parameters.Select(parameter => parameter.Value.Handle)];
        foreach (Adapter adapter in run.Adapters)
        {
            foreach (Tensor factor in adapter.Tensors.Select(tensor => tensor.Value))
            {
                Assert.Equal(trained.Contains(factor.Handle), factor.requires_grad);
                Assert.Equal(trained.Contains(factor.Handle), factor.grad is Tensor gradient && gradient.count_nonzero().item<long>() > 0);
            }
        }

        // A parameter in two groups would be stepped twice.
        Assert.Equal(parameters.Length, trained.Count);
        Assert.Equal(parameters.Length, parameters.Select(parameter => parameter.Name).Distinct().Count());
    }

    private static JsonObject Spec(string method, int steps)
    {
        JsonObject spec = MicroSpec.For(method);
        (spec["targetModules"], spec["maxSteps"], spec["evalEvery"], spec["evalSamples"]) = ("all-linear", steps, 1000, 4);
        return spec;
    }

    private static void AssertClose(Tensor expected, Tensor found) =>
        Assert.InRange(found.sub(expected).abs().max().item<double>(), 0, 1e-12 * (1 + expected.abs().max().item<double>()));
}
