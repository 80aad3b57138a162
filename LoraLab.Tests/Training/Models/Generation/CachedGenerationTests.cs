using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Models.Families;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Generation;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Generation;

/// <summary>Generation with the cache: the tokens of Transformers, and those of passes over the whole text.</summary>
public sealed class CachedGenerationTests
{
    private const int Tokens = 24;

    [Theory]
    [MemberData(nameof(GoldenFamilies.Names), MemberType = typeof(GoldenFamilies))]
    public void Greedy_OfAFamily_IsTheTextOfTransformers(string name)
    {
        int[] expected = GoldenFamilies.Ids(GoldenFamilies.Read(name, "forward.json")["greedy24"]);
        using LlamaModel model = Load(name, config => name == "phi3-longrope" ? LongFrequencies(config) : config);

        Assert.Equal(expected[^Tokens..], Greedy(model, Tokens, expected[..^Tokens])[0]);
    }

    // Prompts of different lengths, some of which cross the context that dynamic and longrope frequencies start from (48) and the windows
    // (16 and 20) at different tokens.
    [Theory]
    [InlineData("gemma3", 0.0)]
    [InlineData("gemma3", 4.0)]
    [InlineData("mistral", 0.0)]
    [InlineData("phi3-longrope", 0.0)]
    [InlineData("rope-dynamic", 0.0)]
    [InlineData("qwen3", 0.0)]
    public void Greedy_PromptsOfDifferentLengths_AreThoseOfWholeTexts(string name, double softCap)
    {
        using LlamaModel model = Load(
            name, config => softCap == 0 ? config : config with { AttentionSoftCap = softCap, FinalSoftCap = 10 });
        int[][] prompts = Prompts(model.Config.VocabularySize, 40, 3, 47, 12, 40, 1);

        int[][] together = Greedy(model, Tokens, prompts);

        Assert.Equal(prompts.Select(prompt => WithoutCache.Greedy(model, prompt, Tokens)), together);
        Assert.Equal(prompts.Select(prompt => Greedy(model, Tokens, prompt)[0]), together);
    }

    // In bf16 the largest logits are often equal but for rounding, which differs between passes over one token and over all.
    [Theory]
    [InlineData("mistral")]
    [InlineData("qwen2")]
    public void Greedy_InBf16_HasTheLargestLogitsOfWholeTextsUpToRounding(string name)
    {
        using LlamaModel model = Load(name, config => config, bfloat16);
        int[][] prompts = Prompts(model.Config.VocabularySize, 30, 9, 21);

        foreach ((int[] prompt, int[] text) in prompts.Zip(Greedy(model, Tokens, prompts)))
        {
            for (int i = 0; i < text.Length; i++)
            {
                double[] logits = WithoutCache.Logits(model, [.. prompt, .. text[..i]]);
                double rounding = logits.Max(Math.Abs) / 128;
                Assert.True(logits[text[i]] >= logits.Max() - rounding, $"Token {i} has the logit {logits[text[i]]}, not {logits.Max()}.");
            }
        }
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("lora-xs")]
    [InlineData("pissa")]
    public void Greedy_WithAdaptersInTraining_IsThatOfWholeTextsAndChangesNothing(string method)
    {
        using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf(method)).Perturb(3);
        using LlamaModel without = TinyLlama.Build();
        TrainingExample[] window = AdaptedLlama.Window(5, 9, 14);
        double before = adapted.Accumulate(window, 2);
        using Tensor gradient = adapted.Gradient();
        int[][] prompts = Prompts(TinyLlama.Config.VocabularySize, 7, 20);

        int[][] texts = Greedy(adapted.Model, 12, prompts);

        Assert.Equal(prompts.Select(prompt => WithoutCache.Greedy(adapted.Model, prompt, 12)), texts);
        Assert.NotEqual(Greedy(without, 12, prompts), texts);
        Assert.Equal(before, adapted.Accumulate(window, 2));
        using Tensor after = adapted.Gradient();
        Assert.True(gradient.Equals(after));
    }

    [Fact]
    public void Run_TextAsLongAsTheModelReads_EndsThere()
    {
        using LlamaModel model = TinyLlama.Build();
        int context = TinyLlama.Config.ContextLength;

        GeneratedText text = TextGeneration.Run(model, Prompts(50, context - 3), new(10), CancellationToken.None)[0];

        Assert.Equal((3, GenerationStop.Length), (text.Ids.Count, text.Stop));
    }

    [Fact]
    public void Run_Cancelled_Ends()
    {
        using LlamaModel model = TinyLlama.Build();

        Assert.Throws<OperationCanceledException>(() => TextGeneration.Run(model, Prompts(50, 3), new(10), new CancellationToken(true)));
    }

    private static int[][] Greedy(LlamaModel model, int count, params int[][] prompts) =>
        [.. TextGeneration.Run(model, prompts, new(count), CancellationToken.None).Select(text => text.Ids.ToArray())];

    private static int[][] Prompts(int vocabulary, params int[] lengths)
    {
        Random random = new(11);
        return [.. lengths.Select(length => Enumerable.Range(0, length).Select(_ => random.Next(3, vocabulary)).ToArray())];
    }

    private static LlamaModel Load(string name, Func<LlamaConfig, LlamaConfig> change, ScalarType dtype = ScalarType.Float32)
    {
        string folder = GoldenFamilies.Model(name);
        return LlamaLoader.Load(folder, change(LlamaConfig.Read(folder)), dtype, CPU);
    }

    // The reference kept the frequencies of a long text that it had processed before (FamilyForwardTests).
    private static LlamaConfig LongFrequencies(LlamaConfig config)
    {
        JsonObject scaling = JsonObject.Create(config.RopeScaling!.Value)!;
        scaling["short_factor"] = scaling["long_factor"]!.DeepClone();
        return config with { RopeScaling = JsonSerializer.SerializeToElement(scaling) };
    }
}
