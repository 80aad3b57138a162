using CsCheck;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Adapters;
using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Training.Gradients;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Tests.Training.Training.Gradients;

/// <summary>The gradient of a window does not depend on how it is split, padded or ordered.</summary>
public sealed class WindowGradientTests
{
    private static readonly Gen<(int[] Lengths, int Seed)> _windows = Gen.Select(Gen.Int[2, 24].Array[1, 16], Gen.Int[0, 1 << 20]);

    public static TheoryData<string> Methods => MethodBatteryTests.Methods;

    [Theory]
    [MemberData(nameof(Methods))]
    public void Accumulate_AnySplit_EqualsTheReferencePath(string method) =>
        Gen.Select(_windows, Gen.Int[1, 16], Gen.Enum<LossWeighting>()).Sample(
            (window, sentencesPerPass, weighting) =>
            {
                using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf(method)).Perturb(window.Seed);
                TrainingExample[] examples = AdaptedLlama.Window(window.Seed, window.Lengths);

                double reference = adapted.Accumulate(examples, 1, weighting);
                using Tensor expected = adapted.Gradient();
                double packed = adapted.Accumulate(examples, sentencesPerPass, weighting);
                using Tensor found = adapted.Gradient();

                Assert.Equal(reference, packed, 1e-5 * reference);
                AssertClose(expected, found);
            },
            iter: 12,
            threads: 1);

    [Fact]
    public void Accumulate_SentencesInAnotherOrder_HasTheSameGradient() =>
        _windows.Sample(
            window =>
            {
                using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf("lora")).Perturb(window.Seed);
                TrainingExample[] examples = AdaptedLlama.Window(window.Seed, window.Lengths);
                adapted.Accumulate(examples, 4);
                using Tensor expected = adapted.Gradient();

                new Random(window.Seed).Shuffle(examples);
                adapted.Accumulate(examples, 4);
                using Tensor found = adapted.Gradient();

                AssertClose(expected, found);
            },
            iter: 12,
            threads: 1);

    [Fact]
    public void Hidden_TokensAfterTheSentence_ChangeNothingBeforeThem() =>
        Gen.Select(Gen.Int[2, 20], Gen.Int[1, 20], Gen.Int[0, 1 << 20]).Sample(
            (length, padding, seed) =>
            {
                using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf("lora")).Perturb(seed);
                using IDisposable scope = NewDisposeScope();
                Tensor ids_BT = TinyLlama.Ids(seed, 2, length);
                // Random ids, not only the padding id: no token there may have an effect.
                Tensor padded_BT = cat([ids_BT, TinyLlama.Ids(seed + 1, 2, padding)], dim: 1);

                Tensor expected = Gradient(ids_BT, length), found = Gradient(padded_BT, length);

                AssertClose(expected, found);

                Tensor Gradient(Tensor input_BT, int upTo)
                {
                    foreach (AdapterParameter parameter in adapted.Parameters)
                    {
                        parameter.Value.grad?.detach().zero_();
                    }

                    Tensor hidden_BTD = adapted.Model.Hidden(input_BT, ForwardPass.Plain).narrow(1, 0, upTo);
                    functional.log_softmax(adapted.Model.Logits(hidden_BTD.reshape(-1, hidden_BTD.shape[2])), dim: -1).select(1, 5)
                        .sum().backward();
                    return adapted.Gradient();
                }
            },
            iter: 12,
            threads: 1);

    [Fact]
    public void Accumulate_TheTwoWeightings_DifferExactlyWhereLengthsDo()
    {
        using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf("lora")).Perturb(3);

        Assert.InRange(Difference(AdaptedLlama.Window(1, 9, 9, 9, 9)), 0, 1e-6);
        Assert.InRange(Difference(AdaptedLlama.Window(1, 4, 20, 9, 6)), 1e-4, double.MaxValue);

        double Difference(TrainingExample[] window)
        {
            double perExample = adapted.Accumulate(window, 2, LossWeighting.PerExampleMean);
            using Tensor first = adapted.Gradient();
            double perToken = adapted.Accumulate(window, 2, LossWeighting.PerToken);
            using Tensor second = adapted.Gradient();
            using Tensor apart = first.sub(second).abs().max();
            return Math.Max(Math.Abs(perExample - perToken), apart.item<float>());
        }
    }

    [Fact]
    public void Split_AnyWindow_WeighsEverySentenceAndTokenAsDefined() =>
        Gen.Select(_windows, Gen.Int[1, 16], Gen.Enum<LossWeighting>()).Sample(
            (window, sentencesPerPass, weighting) =>
            {
                TrainingExample[] examples = AdaptedLlama.Window(window.Seed, window.Lengths);
                int targets = examples.Sum(example => example.Ids.Length - 1);
                int seen = 0;
                double sum = 0;
                foreach (WindowPass pass in WindowPass.Split(examples, sentencesPerPass, weighting, CPU))
                {
                    using (pass)
                    {
                        Assert.InRange(pass.Examples.Count, 1, sentencesPerPass);
                        float[] weights = LoraLab.Training.Torch.TensorReader.Floats(pass.Weights_N);
                        double[] expected = [.. pass.Examples.SelectMany(example => Enumerable.Repeat(
                            weighting == LossWeighting.PerToken ? 1.0 / targets : 1.0 / (examples.Length * (example.Ids.Length - 1)),
                            example.Ids.Length - 1))];
                        Assert.Equal(expected.Length, weights.Length);
                        Assert.All(expected.Zip(weights), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
                        seen += weights.Length;
                        sum += weights.Sum(weight => (double)weight);
                    }
                }

                Assert.Equal(targets, seen);
                Assert.Equal(1, sum, 1e-5);
            },
            iter: 100,
            threads: 1);

    private static void AssertClose(Tensor expected, Tensor found)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Assert.InRange(found.sub(expected).abs().max().item<float>(), 0, 1e-5 * (1e-3 + expected.abs().max().item<float>()));
    }
}
