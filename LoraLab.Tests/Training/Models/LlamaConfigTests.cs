using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using Xunit;

namespace LoraLab.Tests.Training.Models;

/// <summary>Every key of <c>config.json</c> is honored, harmless at its value, or refused by name.</summary>
public sealed class LlamaConfigTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("rope_scaling", """{"rope_type":"default"}""")]
    [InlineData("rope_parameters", """{"rope_type":"default","rope_theta":10000.0}""")]
    [InlineData("rope_scaling", "null")]
    [InlineData("quantization_config", "null")]
    [InlineData("hidden_size", "32.0")]
    [InlineData("hidden_act", "\"swish\"")]
    [InlineData("attention_dropout", "0.0")]
    [InlineData("sliding_window", "64")]
    [InlineData("layer_types", """["full_attention","full_attention"]""")]
    [InlineData("use_cache", "false")]
    [InlineData("id2label", """{"0":"bias"}""")]
    [InlineData("my_note", """{"about":"nothing"}""")]
    [InlineData("attention_bias", "null")]
    [InlineData("logit_scale", "1.0")]
    [InlineData("rotary_pct", "1.0")]
    [InlineData("position_embedding_type", "\"rope\"")]
    [InlineData("is_causal", "true")]
    [InlineData("vision_config", "null")]
    [InlineData("parallel_attn", "false")]
    [InlineData("max_position_embeddings", "6.4e1")]
    [InlineData("transformers.js_config", """{"kv_cache_dtype":{"fp16":"float16"}}""")]
    [InlineData("rope_parameters", """{"rope_type":"default","rope_theta":null}""")]
    [InlineData("rope_parameters", "{}")]
    [InlineData("rope_parameters", """{"rope_type":"default","partial_rotary_factor":1.0}""")]
    public void Read_HarmlessKey_IsAccepted(string key, string value)
    {
        LlamaConfig config = Read(key, value);

        Assert.Equal(32, config.HiddenSize);
        Assert.Equal(key == "my_note" ? [key] : [], config.IgnoredKeys);
    }

    [Theory]
    [InlineData("rope_scaling", """{"rope_type":"longrope","factor":2.0}""", "no list short_factor")]
    [InlineData("rope_scaling", """{"rope_type":"proportional","factor":2.0}""", "rope_type 'proportional'")]
    [InlineData("rope_scaling", """{"rope_type":"linear","factor":0.5}""", "factor 0.5")]
    [InlineData("rope_scaling", """{"rope_type":"linear","factor":2.0,"scale":3}""", "scale 3")]
    [InlineData("rope_scaling", """{"rope_type":"linear"}""", "no factor")]
    [InlineData("rope_scaling", """{"type":"linear","rope_type":"yarn","factor":2}""", "type 'linear'")]
    [InlineData("rope_parameters", """{"rope_theta":0}""", "rope_theta")]
    [InlineData("rope_parameters", """{"full_attention":{"rope_theta":10000.0}}""", "full_attention")]
    [InlineData("rope_parameters", """{"rope_type":"default","partial_rotary_factor":0.5}""", "partial_rotary_factor")]
    [InlineData("rope_freq_base", "10000", "'rope_freq_base'")]
    [InlineData("quant_method", "\"gptq\"", "'quant_method'")]
    [InlineData("quantization_config", """{"quant_method":"bitsandbytes","load_in_4bit":true}""", "quantization_config")]
    [InlineData("attn_scaling", "2", "'attn_scaling'")]
    [InlineData("o_bias", "true", "'o_bias'")]
    [InlineData("query_norm", "true", "'query_norm'")]
    [InlineData("text_config", """{"inner":[{"rope_base":5}]}""", "'text_config.inner[].rope_base'")]
    [InlineData("attention_dropout", "0.1", "attention_dropout 0.1")]
    [InlineData("sliding_window", "16", "sliding_window 16")]
    [InlineData("architectures", """["LlamaForSequenceClassification"]""", "architectures")]
    [InlineData("hidden_size", "32.5", "hidden_size")]
    [InlineData("attention_bias", "\"false\"", "attention_bias must be true or false.")]
    [InlineData("head_dim", "\"8\"", "head_dim must be a whole number")]
    [InlineData("vocab_size", "1e12", "vocab_size must be a whole number")]
    [InlineData("rms_norm_eps", "\"1e-5\"", "rms_norm_eps must be a number.")]
    [InlineData("attn_logit_cap", "30", "'attn_logit_cap'")]
    [InlineData("attention_sink", "true", "'attention_sink'")]
    [InlineData("is_causal", "false", "is_causal")]
    [InlineData("position_embedding_type", "\"alibi\"", "position_embedding_type")]
    [InlineData("num_kv_shared_layers", "2", "'num_kv_shared_layers'")]
    [InlineData("parallel_attn", "true", "'parallel_attn'")]
    [InlineData("activation_function", "\"gelu_new\"", "activation_function")]
    [InlineData("vision_config", """{"hidden_size":4}""", "vision_config (a vision tower)")]
    [InlineData("block_configs", """[{"attn":1}]""", "'block_configs[].attn'")]
    [InlineData("logit_scale", "0.0625", "logit_scale")]
    [InlineData("embedding_multiplier", "0", "embedding_multiplier")]
    [InlineData("partial_rotary_factor", "0", "partial_rotary_factor")]
    [InlineData("sliding_window", "-1", "sliding_window")]
    [InlineData("final_logit_softcapping", "30.0", "final_logit_softcapping")]
    [InlineData("num_local_experts", "8", "num_local_experts 8 (a mixture of experts)")]
    [InlineData("rope_scaling", """{"rope_type":"linear","factor":-2}""", "factor is -2")]
    [InlineData("rope_scaling", """{"rope_type":"linear","factor":0}""", "factor is 0")]
    [InlineData("rope_scaling", """{"rope_type":"linear","factor":"2"}""", "rope_scaling.factor must be a number")]
    [InlineData("rope_scaling", """{"rope_type":"Linear","factor":2}""", "rope_type 'Linear'")]
    [InlineData("rope_scaling", """{"rope_type":"su","factor":2}""", "no list short_factor")]
    [InlineData("rope_scaling", """{"type":"yarn","factor":2,"truncate":"no"}""", "truncate must be true or false")]
    [InlineData("use_sliding_window", "true", "use_sliding_window")]
    [InlineData("model_type", "\"gpt2\"", "Qwen 3 ('qwen3')")]
    public void Read_KeyThatChangesTheMathematics_IsRefusedByName(string key, string value, string part)
    {
        RunFailure failure = Assert.Throws<RunFailure>(() => Read(key, value));

        Assert.Equal("model", failure.Field);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ThetaInRopeParameters_IsThatOfItsTwin()
    {
        Assert.Equal(500000, Read("rope_theta", "500000.0").Rope.Theta);
        Assert.Equal(500000, Read("rope_parameters", """{"rope_type":"default","rope_theta":500000.0}""").Rope.Theta);
    }

    [Fact]
    public void Read_BothNamesOfTheRotarySettings_AreAcceptedIfTheyMeanTheSame()
    {
        JsonObject config = JsonNode.Parse(HandmadeModel.Config)!.AsObject();
        config["rope_scaling"] = JsonNode.Parse("""{"type":"linear","factor":2}""");
        config["rope_parameters"] = JsonNode.Parse("""{"rope_type":"linear","factor":2.0,"rope_theta":500000.0}""");
        Assert.Equal(500000, LlamaConfig.ReadFile(_folder.Write("config.json", config.ToJsonString())).Rope.Theta);

        config["rope_scaling"]!["factor"] = 4;
        RunFailure failure = Assert.Throws<RunFailure>(() =>
            LlamaConfig.ReadFile(_folder.Write("config.json", config.ToJsonString())));
        Assert.Contains("rope_scaling and rope_parameters differ", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\n\"hidden_size\": 32,\n}", "trailing comma", "(line 3, byte 1)")]
    [InlineData("{\n// tiny\n}", "(line 2, byte 1)")]
    [InlineData("{\"rope_theta\": NaN}", "'N' is an invalid start of a value")]
    [InlineData("{\"a\": 1, \"a\": 2}", "Duplicate property 'a'")]
    [InlineData("Entry not found", "is a text that begins with 'Entry not found', not JSON; download the file again")]
    [InlineData("  \n<html>", "is a web page")]
    [InlineData("<Error><Code>NoSuchKey</Code></Error>", "is an XML document")]
    [InlineData("{ \"detail\": \"Not Found\"}", "is the error message of a server")]
    [InlineData("../.git/annex/objects/ab", "is a text that begins with '../.git/annex")]
    public void Read_TextThatIsNotJson_SaysWhereAndWhat(string content, params string[] parts)
    {
        RunFailure failure = Assert.Throws<RunFailure>(() => LlamaConfig.ReadFile(_folder.Write("config.json", content)));

        Assert.All(parts, part => Assert.Contains(part, failure.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("LineNumber", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_BytesThatAreNotUtf8_AreNamed()
    {
        byte[] latin = Encoding.Latin1.GetBytes(HandmadeModel.Config[..^1] + ",\"note\":\"caf\u00e9\"}");

        RunFailure failure = Assert.Throws<RunFailure>(() => LlamaConfig.ReadFile(_folder.Write("config.json", latin)));

        Assert.Contains("it is not encoded in UTF-8; save it as UTF-8", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ByteOrderMark_IsSkippedAndUtf16IsNamed()
    {
        Assert.Equal(32, LlamaConfig.ReadFile(_folder.Write("config.json", "\uFEFF" + HandmadeModel.Config)).HiddenSize);
        foreach (Encoding encoding in new[] { Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32 })
        {
            string path = _folder.Write("config.json", [.. encoding.Preamble, .. encoding.GetBytes(HandmadeModel.Config)]);
            Assert.Contains("save it as UTF-8", Assert.Throws<RunFailure>(() => LlamaConfig.ReadFile(path)).Message);
        }
    }

    private LlamaConfig Read(string key, string value)
    {
        JsonObject config = JsonNode.Parse(HandmadeModel.Config)!.AsObject();
        config[key] = JsonNode.Parse(value);
        return LlamaConfig.ReadFile(_folder.Write("config.json", config.ToJsonString()));
    }
}
