using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Families;

/// <summary>
/// The forward pass of each family against Transformers: losses and logits within 1e-5 relative (logits: of the largest), greedy tokens
/// exactly.
/// </summary>
public sealed class FamilyForwardTests(ITestOutputHelper output)
{
    private const double Limit = 1e-5;

    // The reference was computed in one process whose model kept the frequencies of the first text above 48 tokens, the third, for all that
    // followed: the fifth text (20 tokens) and the greedy text have those of a long text there.
    private const string LongRope = "phi3-longrope";
    private const int FirstLong = 2, LongText = 49;

    [Fact]
    public void Families_InTheFixtures_AreAllTested()
    {
        string[] present = [.. Directory.EnumerateDirectories(Fixtures.Golden("families"))
            .Where(folder => File.Exists(Path.Combine(folder, "forward.json"))).Select(folder => Path.GetFileName(folder)!)];

        Assert.Equal(present.Order(StringComparer.Ordinal), GoldenFamilies.Names.Select(row => row.Data).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(GoldenFamilies.Names), MemberType = typeof(GoldenFamilies))]
    public void Logits_OfAFamily_AreThoseOfTransformers(string name)
    {
        JsonObject golden = GoldenFamilies.Read(name, "forward.json");
        using LlamaModel model = GoldenFamilies.Load(name, out LlamaConfig config);
        Deviations deviations = new(output, $"families/{name}/forward.json");

        foreach ((int index, JsonNode? prompt) in golden["prompts"]!.AsArray().Index())
        {
            int[] ids = GoldenFamilies.Ids(prompt!["ids"]);
            float[] logits = Logits(model, ids, name == LongRope && index >= FirstLong ? LongText : ids.Length);
            float[] last = logits[^config.VocabularySize..];
            double largest = last.Max(Math.Abs);
            foreach ((int i, JsonNode? expected) in prompt["lastLogitsFirst64"]!.AsArray().Index())
            {
                deviations.Absolute("logit", $"prompt {index}, token {i}", (double)expected!, last[i], Limit * largest);
            }

            deviations.Relative(
                "mean next-token loss", $"prompt {index}", (double)prompt["meanNextTokenLoss"]!, MeanNextTokenLoss(logits, ids), Limit);
        }

        JsonNode text = golden["long"]!;
        int[] whole = GoldenFamilies.Ids(text["ids"]);
        double loss = MeanNextTokenLoss(Logits(model, whole, whole.Length), whole);
        deviations.Relative("mean next-token loss", "long text", (double)text["meanNextTokenLoss"]!, loss, Limit);
        deviations.AssertWithinLimits();
    }

    [Theory]
    [MemberData(nameof(GoldenFamilies.Names), MemberType = typeof(GoldenFamilies))]
    public void Greedy_OfAFamily_IsTheTextOfTransformers(string name)
    {
        int[] expected = GoldenFamilies.Ids(GoldenFamilies.Read(name, "forward.json")["greedy24"]);
        using LlamaModel model = GoldenFamilies.Load(name, out LlamaConfig config);
        List<int> ids = [.. expected[..^24]];

        for (int i = 0; i < 24; i++)
        {
            float[] last = Logits(model, [.. ids], name == LongRope ? LongText : ids.Count)[^config.VocabularySize..];
            ids.Add(Array.IndexOf(last, last.Max()));
        }

        Assert.Equal(expected, ids);
    }

    private static float[] Logits(LlamaModel model, int[] ids, int textLength)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor ids_BT = tensor([.. ids.Select(id => (long)id)]).unsqueeze(0);
        return TensorReader.Floats(model.Logits(model.Hidden(ids_BT, ForwardPass.Plain, [textLength]).squeeze(0)));
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
}
