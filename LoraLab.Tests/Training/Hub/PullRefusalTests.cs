using System.Security.Cryptography;
using System.Text;
using LoraLab.Contracts;
using LoraLab.Training.Hub;
using LoraLab.Training.Models.Catalog;
using Xunit;

namespace LoraLab.Tests.Training.Hub;

/// <summary>What cannot be downloaded or used is refused with a sentence that names it.</summary>
public sealed class PullRefusalTests : PullTest
{
    [Theory]
    [InlineData(Weights)]
    [InlineData("tokenizer.model")]
    public async Task Run_WrongChecksum_NamesFileAndHashesAndDeletesTheFile(string file)
    {
        await using FakeHub hub = await ModelAsync();
        string promised = new('a', file == Weights ? 64 : 40);
        hub.Lie = path => path == file ? (hub.Files[path].Length, promised) : null;

        Assert.Equal(1, await PullAsync(hub));

        string output = Output.ToString();
        Assert.Contains(file, output);
        Assert.Contains(promised, output);
        Assert.Contains(file == Weights ? Convert.ToHexStringLower(SHA256.HashData(hub.Files[file])) : "checksum", output);
        Assert.DoesNotContain(Directory.GetFiles(Data.Path, "*", SearchOption.AllDirectories), path =>
            Path.GetFileName(path).StartsWith(file, StringComparison.Ordinal));
        Assert.Empty(new ModelCatalog(Configuration).List());
    }

    [Theory]
    [InlineData(199_999)]
    [InlineData(200_001)]
    public async Task Run_WrongSize_IsRefusedAtOnce(int promised)
    {
        await using FakeHub hub = await ModelAsync();
        hub.Lie = path => path == Weights ? (promised, Convert.ToHexStringLower(SHA256.HashData(hub.Files[path]))) : null;

        Assert.Equal(1, await PullAsync(hub));

        Assert.Contains($"at least 200,000 bytes, but the hub lists {NumberFormat.Count(promised)}", Output.ToString());
        Assert.Single(hub.Served(Weights));
    }

    [Theory]
    [InlineData("ftp://files.example/x")]
    [InlineData("file:///etc/passwd")]
    public async Task Run_RedirectToAnotherScheme_IsNotFollowed(string elsewhere)
    {
        await using FakeHub hub = await ModelAsync();
        hub.Elsewhere = elsewhere;

        Assert.Equal(1, await PullAsync(hub, "owner/tiny"));

        Assert.Contains($"redirects from http to {new Uri(elsewhere).Scheme}", Output.ToString());
    }

    [Theory]
    [InlineData("owner/other", "no model 'owner/other'")]
    [InlineData("owner/tiny@v9", "no revision 'v9'")]
    [InlineData("gpt2", "owner/name")]
    [InlineData("owner/../tiny", "owner/name")]
    [InlineData("../tiny", "owner/name")]
    [InlineData("owner/tiny@", "invalid revision")]
    public async Task Run_NotThere_IsReported(string name, string named)
    {
        await using FakeHub hub = await ModelAsync();

        Assert.Equal(1, await PullAsync(hub, name));

        Assert.Contains(named, Output.ToString());
    }

    [Fact]
    public async Task Run_HubDown_NamesTheHostAfterItsAttempts()
    {
        Assert.Equal(1, await HubPull.RunAsync(
            "owner/tiny",
            Configuration,
            Console(),
            new HubOptions { Endpoint = new Uri("http://127.0.0.1:9"), Attempts = 2, InitialDelay = TimeSpan.Zero },
            CancellationToken.None));

        Assert.Contains("127.0.0.1 cannot be reached", Output.ToString());
        Assert.Contains("2 attempts", Output.ToString());
    }

    [Theory]
    [InlineData("config.json", """{"model_type":"gpt2"}""", "'gpt2'")]
    [InlineData("config.json", """{"model_type":"llama","quantization_config":{"quant_method":"bitsandbytes"}}""", "quantization_config")]
    [InlineData("generation_config.json", """{"logits_scaling":2}""", "logits_scaling")]
    [InlineData("tokenizer.model", "IQ== 0\nIg== 1\n", "tiktoken")]
    [InlineData("tokenizer_config.json", """{"add_bos_token":false}""", "add_bos_token")]
    [InlineData("tokenizer.model", null, "neither tokenizer.json nor tokenizer.model")]
    [InlineData("config.json", null, "no config.json")]
    [InlineData(Weights, null, "no safetensors weights")]
    public async Task Run_ModelThatCannotBeUsed_IsRefusedBeforeItsWeightsAreDownloaded(string file, string? instead, string named)
    {
        await using FakeHub hub = await ModelAsync();
        hub.Files.Remove(file, out _);
        if (instead is not null)
        {
            hub.Files[file] = Encoding.UTF8.GetBytes(instead);
        }

        Assert.Equal(1, await PullAsync(hub));

        Assert.Contains(named, Output.ToString());
        Assert.Empty(hub.Served(Weights));
    }
}
