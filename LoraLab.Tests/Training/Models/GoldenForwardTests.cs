using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files;
using LoraLab.Training.Models;
using LoraLab.Training.Tokenization;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models;

/// <summary>The base model's forward pass against reference values: logits, losses and greedy text.</summary>
public sealed class GoldenForwardTests(ITestOutputHelper output)
{
    [Fact]
    public void Logits_ReferencePrompts_AreTheReferenceLogits()
    {
        JsonObject golden = JsonNode.Parse(File.ReadAllText(Fixtures.Golden("forward.json")))!.AsObject();
        string folder = Fixtures.Stories260K;
        ITokenizer tokenizer = LlamaTokenizerFile.Load(folder);
        using LlamaModel model = LlamaLoader.Load(folder, LlamaConfig.Read(folder), float32, CPU);
        Deviations deviations = new(output, "forward.json");

        JsonArray prompts = golden["prompts"]!.AsArray();
        Assert.Equal(8, prompts.Count);
        foreach ((int index, JsonNode? prompt) in prompts.Index())
        {
            int[] ids = tokenizer.Encode((string)prompt!["text"]!);
            Assert.Equal(Integers(prompt["ids"]), ids);
            float[] logits = Logits(model, ids);
            JsonArray expected = prompt["lastLogits"]!.AsArray();
            Assert.Equal(512, expected.Count);
            int last = logits.Length - expected.Count;
            for (int i = 0; i < expected.Count; i++)
            {
                deviations.Absolute("logit", $"prompt {index}, token {i}", (double)expected[i]!, logits[last + i], 1e-4);
            }

            deviations.Relative(
                "mean next-token loss", $"prompt {index}", (double)prompt["meanNextTokenLoss"]!, MeanNextTokenLoss(logits, ids), 1e-5);
        }

        deviations.AssertWithinLimits();
    }

    [Fact]
    public void Greedy_TwoHundredTokensFromBos_AreTheReferenceTextByteForByte()
    {
        byte[] expected = File.ReadAllBytes(Fixtures.Golden("stories260K-greedy-200.stdout.txt"));
        string folder = Fixtures.Stories260K;
        ITokenizer tokenizer = LlamaTokenizerFile.Load(folder);
        using LlamaModel model = LlamaLoader.Load(folder, LlamaConfig.Read(folder), float32, CPU);

        int[] ids = Greedy(model, [.. tokenizer.Prefix], 200);

        // The program that wrote the reference appends a line feed.
        byte[] text = Encoding.UTF8.GetBytes(tokenizer.Decode(ids) + "\n");
        int wrong = text.Zip(expected).Count(pair => pair.First != pair.Second) + Math.Abs(text.Length - expected.Length);
        output.WriteLine($"DEVIATION | stories260K-greedy-200.stdout.txt | bytes | {wrong} | limit 0 | {expected.Length} values");
        Assert.Equal(expected, text);
    }

    /// <summary>Needs the paper's weights, which CI does not have; their absence is never a failure.</summary>
    [Fact]
    public void Logits_TinyLlamaWeights_EqualThePublicReference()
    {
        JsonObject golden = JsonNode.Parse(File.ReadAllText(Fixtures.Golden("tinyllama-chat-v1.0-forward-oracle.json")))!.AsObject();
        string? folder = TinyLlama();
        Assert.SkipWhen(folder is null, "The TinyLlama-1.1B-Chat-v1.0 weights (2.2 GB) are not available; download them with `pull "
            + "TinyLlama/TinyLlama-1.1B-Chat-v1.0`, or put the model folder among the fixtures' models.");
        using LlamaModel model = LlamaLoader.Load(folder, LlamaConfig.Read(folder), float32, CPU);
        int[] prompt = Integers(golden["prompt_tokens"]);
        Deviations deviations = new(output, "tinyllama-chat-v1.0-forward-oracle.json");

        float[] logits = Logits(model, prompt)[^model.Config.VocabularySize..];
        int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id])];
        int[] top = Integers(golden["top_10_token_ids"]);
        for (int i = 0; i < top.Length; i++)
        {
            deviations.Absolute("logit", $"place {i}", (double)golden["top_10_logits"]![i]!, logits[top[i]], 1e-3);
        }

        deviations.AssertWithinLimits();
        Assert.Equal(top, order[..top.Length]);
        Assert.Equal(Integers(golden["greedy_16"]), Greedy(model, prompt, 16)[prompt.Length..]);
    }

    private static string? TinyLlama()
    {
        const string Name = "TinyLlama-1.1B-Chat-v1.0";
        TrainingConfiguration configuration = TrainingConfiguration.Load(Fixtures.RepositoryRoot);
        string[] roots = [Fixtures.Data("models"), .. configuration.ModelDirectories, configuration.DownloadedModels];
        return roots
            .SelectMany(root => (string[])[Path.Combine(root, Name), Path.Combine(root, "TinyLlama", Name)])
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "model.safetensors")));
    }

    /// <summary>Logits of all positions, concatenated.</summary>
    private static float[] Logits(LlamaModel model, int[] ids)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor ids_BT = tensor([.. ids.Select(id => (long)id)]).unsqueeze(0);
        return TensorReader.Floats(model.Logits(model.Hidden(ids_BT, ForwardPass.Plain).squeeze(0)));
    }

    private static int[] Greedy(LlamaModel model, int[] start, int count)
    {
        List<int> ids = [.. start];
        for (int i = 0; i < count; i++)
        {
            float[] logits = Logits(model, [.. ids])[^model.Config.VocabularySize..];
            ids.Add(Array.IndexOf(logits, logits.Max()));
        }

        return [.. ids];
    }

    private static double MeanNextTokenLoss(float[] logits, int[] ids)
    {
        int vocabulary = logits.Length / ids.Length;
        return Enumerable.Range(0, ids.Length - 1).Average(t =>
        {
            double[] row = [.. logits.AsSpan(t * vocabulary, vocabulary).ToArray().Select(logit => (double)logit)];
            double largest = row.Max();
            return largest + Math.Log(row.Sum(logit => Math.Exp(logit - largest))) - row[ids[t + 1]];
        });
    }

    private static int[] Integers(JsonNode? array) => [.. array!.AsArray().Select(item => (int)item!)];
}
