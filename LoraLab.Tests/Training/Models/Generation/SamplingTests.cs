using LoraLab.Tests.Support;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Generation;
using Xunit;

namespace LoraLab.Tests.Training.Models.Generation;

/// <summary>Drawn tokens: their frequencies, and what a draw depends on.</summary>
public sealed class SamplingTests
{
    private const int Draws = 4000;
    private static readonly int[] _prompt = [1, 17, 5, 30];

    // The 0.999 quantile of chi-square with k degrees of freedom (Wilson and Hilferty 1931).
    [Theory]
    [InlineData(1.0, 1.0)]
    [InlineData(0.7, 1.0)]
    [InlineData(1.5, 0.6)]
    public void Run_ManyDraws_HaveTheProbabilitiesOfTheModel(double temperature, double topP)
    {
        using LlamaModel model = TinyLlama.Build();
        double[] expected = Probabilities(WithoutCache.Logits(model, _prompt), temperature, topP);

        int[] counts = new int[expected.Length];
        foreach (GeneratedText text in Sample(model, temperature, topP, [.. Enumerable.Repeat(_prompt, Draws)]))
        {
            counts[text.Ids[0]]++;
        }

        Assert.All(counts.Zip(expected), pair => Assert.True(pair.Second > 0 || pair.First == 0));
        int[] frequent = [.. Enumerable.Range(0, counts.Length).Where(id => expected[id] * Draws >= 5)];
        double chiSquare = frequent.Sum(id => Math.Pow(counts[id] - (expected[id] * Draws), 2) / (expected[id] * Draws));
        double degrees = frequent.Length - 1;
        double limit = degrees * Math.Pow(1 - (2 / (9 * degrees)) + (3.09 * Math.Sqrt(2 / (9 * degrees))), 3);
        Assert.True(chiSquare < limit, $"chi-square {chiSquare} of {degrees} degrees is above {limit}");
        Assert.True(chiSquare > degrees / 4, $"chi-square {chiSquare} of {degrees} degrees is too small for draws");
    }

    [Theory]
    [InlineData(1e-6, 1.0)]
    [InlineData(1.0, 1e-9)]
    [InlineData(0.0, 1.0)]
    public void Run_LimitOfTemperatureOrTopP_IsGreedy(double temperature, double topP)
    {
        using LlamaModel model = TinyLlama.Build();

        GeneratedText text = Sample(model, temperature, topP, [_prompt], tokens: 20)[0];

        Assert.Equal(WithoutCache.Greedy(model, _prompt, 20), text.Ids);
    }

    [Fact]
    public void Run_OtherPromptsBesideIt_ChangeNoDraw()
    {
        using LlamaModel model = TinyLlama.Build();
        int[][] prompts = [_prompt, [1, 9], [1, 17, 5, 30, 8, 22, 40], _prompt];

        int[][] together = Ids(Sample(model, 1, 0.9, prompts, tokens: 20));

        for (int i = 0; i < prompts.Length; i++)
        {
            Assert.Equal(together[i], Ids(Sample(model, 1, 0.9, [prompts[i]], tokens: 20, firstIndex: i))[0]);
        }

        Assert.NotEqual(together[0], together[3]);
        Assert.NotEqual(together[0], Ids(Sample(model, 1, 0.9, [_prompt], tokens: 20, seed: 8))[0]);
    }

    private static int[][] Ids(IEnumerable<GeneratedText> texts) => [.. texts.Select(text => text.Ids.ToArray())];

    private static IReadOnlyList<GeneratedText> Sample(
        LlamaModel model, double temperature, double topP, int[][] prompts, int tokens = 1, long seed = 7, int firstIndex = 0)
    {
        GenerationSettings settings = new(tokens) { Temperature = temperature, TopP = topP, Seed = seed, FirstIndex = firstIndex };
        return TextGeneration.Run(model, prompts, settings, CancellationToken.None);
    }

    private static double[] Probabilities(double[] logits, double temperature, double topP)
    {
        double[] weights = [.. logits.Select(logit => Math.Exp(logit / temperature))];
        double sum = 0;
        double[] kept = new double[weights.Length];
        foreach (int id in Enumerable.Range(0, weights.Length).OrderByDescending(id => weights[id]))
        {
            kept[id] = sum < topP * weights.Sum() ? weights[id] : 0;
            sum += weights[id];
        }

        return [.. kept.Select(weight => weight / kept.Sum())];
    }
}
