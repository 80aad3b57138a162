using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using Xunit;

namespace LoraLab.Tests.Training.Models.Families;

/// <summary>Configurations of the families: what absent keys mean, and what is refused by name.</summary>
public sealed class FamilyConfigTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Published models and their parameters, tied heads counted once.</summary>
    public static TheoryData<string, long> Published => new()
    {
        { "TinyLlama-1.1B-Chat-v1.0", 1_100_048_384 },
        { "Llama-3.2-1B", 1_235_814_400 },
        { "Llama-3.2-3B", 3_212_749_824 },
        { "Qwen2.5-0.5B", 494_032_768 },
        { "Qwen2.5-1.5B", 1_543_714_304 },
        { "Qwen2.5-7B", 7_615_616_512 },
        { "Qwen3-0.6B", 596_049_920 },
        { "Qwen3-4B", 4_022_468_096 },
        { "SmolLM2-135M", 134_515_008 },
        { "SmolLM2-1.7B", 1_711_376_384 },
        { "Mistral-7B-v0.3", 7_248_023_552 },
        { "gemma-3-270m", 268_098_176 },
        { "gemma-3-1b", 999_885_952 },
        { "Phi-3-mini-4k", 3_821_079_552 },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Published))]
    public void ParameterCount_PublishedModel_IsThePublishedOne(string name, long parameters) =>
        Assert.Equal(parameters, LlamaConfig.ReadFile(Path.Combine(Fixtures.Data("configs"), name + ".json")).ParameterCount);

    [Theory]
    [InlineData("mistral", "sliding_window", 4096, 0)]
    [InlineData("gemma3-v4-config", "sliding_window", 4096, 0)]
    [InlineData("gemma3-v4-config", "sliding_window", null, 5)]
    [InlineData("qwen2", "sliding_window", null, 0)]
    [InlineData("phi3", "sliding_window", null, 0)]
    public void Window_AbsentKey_IsTheDefaultOfTheFamily(string name, string key, int? window, int layer) =>
        Assert.Equal(window, Read(name, key, null).Attention(layer).Window);

    [Fact]
    public void Window_Null_IsNone() => Assert.Null(Read("mistral", "sliding_window", "null").Attention(0).Window);

    [Fact]
    public void Window_OfQwen_IsThatOfTheUpperLayers()
    {
        JsonObject config = Config("qwen2");
        (config["use_sliding_window"], config["sliding_window"], config["max_window_layers"]) = (true, 8, 3);
        config.Remove("layer_types");

        LlamaConfig read = LlamaConfig.ReadFile(_folder.Write("config.json", config.ToJsonString()));

        Assert.Equal([null, null, null, 8], Enumerable.Range(0, 4).Select(layer => read.Attention(layer).Window));
    }

    [Fact]
    public void Frequencies_OfGemma_AreTheSameInBothSpellings()
    {
        LlamaConfig four = LlamaConfig.Read(GoldenFamilies.Model("gemma3-v4-config"));
        LlamaConfig five = LlamaConfig.Read(GoldenFamilies.Model("gemma3"));

        Assert.Equal((1e6, 9000), (four.Rope.Theta, four.LocalRope!.Theta));
        Assert.Equal((1e6, 10000), (five.Rope.Theta, five.LocalRope!.Theta));
        Assert.Equal(five.Layers, Enumerable.Range(0, five.Layers).Count(layer => four.Attention(layer) == five.Attention(layer)));
    }

    [Theory]
    [InlineData("gemma3", "layer_types", """["full_attention"]""", "layer_types has 1 entries, but num_hidden_layers is 7")]
    [InlineData("llama3", "layer_types", """["full_attention","linear_attention","full_attention","full_attention"]""", "layer_types")]
    [InlineData("gemma3", "sliding_window", "0", "sliding_window is 0")]
    [InlineData("gemma3", "hidden_activation", "\"relu\"", "hidden_activation")]
    [InlineData("gemma3", "query_pre_attn_scalar", "-1", "query_pre_attn_scalar")]
    [InlineData("gemma3", "use_bidirectional_attention", "true", "use_bidirectional_attention")]
    [InlineData("mistral", "sliding_window", "-3", "sliding_window is -3")]
    [InlineData("mistral", "attention_bias", "true", "attention_bias")]
    [InlineData("qwen3", "num_key_value_heads", "3", "num_key_value_heads 3")]
    [InlineData("qwen3", "hidden_act", "\"gelu\"", "hidden_act is 'gelu'")]
    [InlineData("qwen2", "rope_scaling", """{"rope_type":"yarn","factor":0.5}""", "factor 0.5")]
    [InlineData("phi3-longrope", "rope_scaling", """{"rope_type":"longrope","short_factor":[1]}""", "short_factor has 1 numbers")]
    [InlineData("phi3", "partial_rotary_factor", "0.75", "partial_rotary_factor 0.75")]
    [InlineData("phi3", "model_type", "\"phimoe\"", "model_type is 'phimoe'")]
    [InlineData("qwen3", "model_type", "\"qwen3_moe\"", "Phi-3 ('phi3')")]
    [InlineData("gemma3", "model_type", "\"gemma3\"", "model_type is 'gemma3'")]
    public void Read_BadValue_IsRefusedByName(string name, string key, string value, string part)
    {
        RunFailure failure = Assert.Throws<RunFailure>(() => Read(name, key, value));

        Assert.Equal("model", failure.Field);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
    }

    /// <summary>The configuration of a family with another value of a key; null: without the key.</summary>
    private LlamaConfig Read(string name, string key, string? value)
    {
        JsonObject config = Config(name);
        config.Remove(key);
        if (value is not null)
        {
            config[key] = JsonNode.Parse(value);
        }

        return LlamaConfig.ReadFile(_folder.Write("config.json", config.ToJsonString()));
    }

    private static JsonObject Config(string name) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(GoldenFamilies.Model(name), "config.json")))!.AsObject();
}
