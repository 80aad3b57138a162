using System.Text.Json.Nodes;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Models.Families;
using Xunit;

namespace LoraLab.Tests.Training.Cli;

/// <summary>The command <c>generate</c>: the greedy text of Transformers, or drawn tokens, as JSON.</summary>
public sealed class GenerateCommandTests : IDisposable
{
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(1);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("qwen2")]
    [InlineData("gemma3")]
    [InlineData("rope-dynamic")]
    public void Generate_Prompt_PrintsTheGreedyTextOfTransformers(string name)
    {
        int[] expected = GoldenFamilies.Ids(GoldenFamilies.Read(name, "forward.json")["greedy24"]);
        string prompt = "Classify the sentiment of this sentence: it 's a charming and often affecting journey . \n\n.Sentiment:";

        TrainerProgram.Ended ended = Run("--model", $"{name}/model", "--prompt", prompt, "--max-tokens", "24");

        Assert.True(ended.ExitCode == ExitCodes.Success, ended.Error);
        JsonObject document = JsonNode.Parse(ended.Output)!.AsObject();
        int[] ids = GoldenFamilies.Ids(document["ids"]);
        Assert.Equal(expected[..^24], GoldenFamilies.Ids(document["promptIds"]));
        Assert.Equal(expected[^24..][..ids.Length], ids);
        Assert.Equal(ids.Length == 24 ? "length" : "eos", (string?)document["stop"]);
        Assert.NotEqual("", (string?)document["text"]);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public void Generate_Temperature_DrawsBySeed()
    {
        string[] texts = [.. new[] { "1", "1", "2" }.Select(seed => Run(
            "--model", "qwen2/model", "--prompt", "a", "--max-tokens", "12", "--temperature", "1.5", "--top-p", "0.9", "--seed", seed)
            .Output)];

        Assert.Contains("\"ids\"", texts[0], StringComparison.Ordinal);
        Assert.Equal(texts[0], texts[1]);
        Assert.NotEqual(texts[0], texts[2]);
    }

    [Theory]
    [InlineData("--temperature is -1", "--model", "sample", "--prompt", "a", "--max-tokens", "1", "--temperature", "-1")]
    [InlineData("--top-p is 1.5", "--model", "sample", "--prompt", "a", "--max-tokens", "1", "--temperature", "1", "--top-p", "1.5")]
    [InlineData("add --temperature", "--model", "sample", "--prompt", "a", "--max-tokens", "1", "--top-p", "0.5")]
    [InlineData("--max-tokens is 0", "--model", "sample", "--prompt", "a", "--max-tokens", "0")]
    [InlineData("--model or --adapter is needed", "--prompt", "a", "--max-tokens", "1")]
    [InlineData("shorten the prompt or set fewer tokens", "--model", "sample", "--prompt", "a", "--max-tokens", "1000000")]
    [InlineData("There is no model 'nothing'", "--model", "nothing", "--prompt", "a", "--max-tokens", "1")]
    public void Generate_BadOption_IsNamed(string part, params string[] arguments)
    {
        TrainerProgram.Ended ended = Run(arguments);

        Assert.Equal((ExitCodes.Failure, ""), (ended.ExitCode, ended.Output));
        Assert.Contains(part, ended.Error, StringComparison.Ordinal);
    }

    private TrainerProgram.Ended Run(params string[] arguments) =>
        new TrainerProgram(_folder.Path) { Models = Fixtures.Golden("families") }.Run(_timeout, ["generate", .. arguments]);
}
