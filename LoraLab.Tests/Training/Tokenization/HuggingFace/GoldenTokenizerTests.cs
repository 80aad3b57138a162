using System.Text.Json;
using LoraLab.Tests.Support;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization.HuggingFace;

/// <summary>The ids that Hugging Face's tokenizers gives for the texts of the reference, with and without what stands in front.</summary>
public sealed class GoldenTokenizerTests(ITestOutputHelper output)
{
    public static TheoryData<string> Families =>
    [
        "gemma3", "gemma3-v4-config", "llama-biases", "llama3", "llama3-v5-config", "mistral", "phi3", "phi3-longrope", "qwen2", "qwen3",
        "rope-dynamic", "rope-linear", "rope-yarn", "smollm2",
    ];

    [Theory]
    [MemberData(nameof(Families))]
    public void Encode_CasesOfAFamily_GivesTheReferenceIds(string family) =>
        Compare(family, Fixtures.Golden("families", family, "model"), Fixtures.Golden("families", family, "tokenizer-cases.json"), 54);

    [Theory]
    [InlineData("Qwen3-tokenizer-only", "qwen3.json")]
    [InlineData("TinyLlama-1.1B-Chat-v1.0-tokenizer-only", "tinyllama.json")]
    public void Encode_CasesOfARealFile_GivesTheReferenceIds(string model, string cases) =>
        Compare(cases, Fixtures.Data("models", model), Fixtures.Golden("families", "tokenizers", cases), 190);

    private void Compare(string name, string folder, string cases, int atLeast)
    {
        LoadedTokenizer loaded = TokenizerFolder.Load(folder);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(cases));
        List<string> wrong = [];
        int count = 0;
        foreach (JsonElement item in golden.RootElement.EnumerateArray())
        {
            string text = item.GetProperty("text").GetString()!;
            foreach ((string key, bool withPrefix) in new[] { ("ids", true), ("idsWithoutSpecials", false) })
            {
                count++;
                int[] expected = [.. item.GetProperty(key).EnumerateArray().Select(id => id.GetInt32())];
                if (!loaded.Tokenizer.Encode(text, withPrefix).SequenceEqual(expected))
                {
                    wrong.Add($"{key} of '{text}'");
                }
            }
        }

        output.WriteLine($"DEVIATION | families/{name} | texts with other ids | {wrong.Count} | limit 0 | {count} values");
        Assert.Empty(wrong);
        Assert.Empty(loaded.Warnings);
        Assert.True(count >= 2 * atLeast, $"{count} values");
    }
}
