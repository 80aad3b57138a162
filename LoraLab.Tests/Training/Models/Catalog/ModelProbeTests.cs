using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Models.Catalog;
using Xunit;

namespace LoraLab.Tests.Training.Models.Catalog;

/// <summary>Model folders as people have them: what would fail later is said when the model is listed, with its cure.</summary>
public sealed class ModelProbeTests : IDisposable
{
    private const string Weights = "model.safetensors";
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:abcd\nsize 2200119864\n";

    private readonly TestTrainer _trainer = new();
    private readonly string _folder;

    public ModelProbeTests()
    {
        _folder = _trainer.CopyOfSampleModel("mine");
    }

    public void Dispose() => _trainer.Dispose();

    [Theory]
    [InlineData(Weights, Pointer, "is a Git LFS pointer, not the file itself; run git lfs pull")]
    [InlineData("tokenizer.model", Pointer, "is a Git LFS pointer")]
    [InlineData("config.json", Pointer, "is a Git LFS pointer")]
    [InlineData("tokenizer.model", "IQ== 0\nIg== 1\nIw== 2\n", "is a tiktoken vocabulary")]
    [InlineData("tokenizer.model", "{\"version\": \"1.0\"}", "is JSON")]
    [InlineData(Weights, "<!DOCTYPE html><html></html>", "is a web page")]
    [InlineData(Weights, "Salted__12345678abcdefgh", "is encrypted")]
    [InlineData(Weights, "GGUF\u0003\0\0\0", "is a GGUF file")]
    [InlineData(Weights, "PK\u0003\u0004 a zip of pickles", "pickle")]
    [InlineData(Weights, "\n\n <HTML><HEAD>", "is a web page")]
    [InlineData(Weights, "<Error><Code>AccessDenied</Code></Error>", "is an XML document")]
    [InlineData(Weights, "Entry not found", "is a text that begins with 'Entry not found'")]
    [InlineData(Weights, "{\"error\":\"Repository not found\"}", "is the error message of a server")]
    [InlineData("tokenizer.model", "Invalid credentials in Authorization header", "is a text that begins with 'Invalid credentials")]
    [InlineData("generation_config.json", Pointer, "is a Git LFS pointer")]
    [InlineData("tokenizer_config.json", Pointer, "is a Git LFS pointer")]
    [InlineData("generation_config.json", "{\"top_k\": 1,}", "trailing comma")]
    [InlineData(Weights, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "unfinished download")]
    [InlineData(Weights, "abcdefghijklmnopqrstuvwxyz", "if it is encrypted, decrypt it")]
    [InlineData("generation_config.json", "{\"logits_scaling\": 2}", "logits_scaling")]
    [InlineData("tokenizer_config.json", "{\"add_bos_token\": false}", "add_bos_token")]
    [InlineData("tokenizer_config.json", "{\"bos_token\": \"<|im_start|>\"}", "bos_token '<|im_start|>'")]
    [InlineData("tokenizer_config.json", "{\"tokenizer_class\": \"Qwen2Tokenizer\"}", "tokenizer_class \"Qwen2Tokenizer\"")]
    public void Validate_FileThatIsSomethingElse_IsRefusedWithItsCure(string file, string content, string part)
    {
        File.WriteAllText(Path.Combine(_folder, file), content);

        AssertRefused(part);
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("model.gguf")]
    [InlineData("consolidated.00.pth")]
    [InlineData("weights.npz")]
    [InlineData("model.ckpt")]
    [InlineData("flax_model.msgpack")]
    [InlineData("tf_model.h5")]
    [InlineData("model.onnx")]
    [InlineData("model.nemo")]
    [InlineData("model.safetensors.part")]
    [InlineData("consolidated.safetensors")]
    [InlineData("model.SAFETENSORS")]
    public void Validate_WeightsInAnotherFormat_AreNamed(string file)
    {
        File.Move(Path.Combine(_folder, Weights), Path.Combine(_folder, file));

        AssertRefused(file, "safetensors");
    }

    [Fact]
    public void Validate_TruncatedWeights_AreRefused()
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(_folder, Weights));
        File.WriteAllBytes(Path.Combine(_folder, Weights), whole[..^100]);

        AssertRefused("is truncated");
    }

    [Theory]
    [InlineData(".absmax", "U8")]
    [InlineData(".qweight", "I32")]
    [InlineData(".weight_scale_inv", "F32")]
    [InlineData(".qzeros", "I32")]
    [InlineData(".W_q", "U8")]
    [InlineData(".q_weight", "I32")]
    [InlineData(".Qidxs", "I32")]
    [InlineData(".weight_blocks", "U8")]
    [InlineData(".weight_packed", "I32")]
    [InlineData(".k_scale", "F32")]
    public void Validate_QuantizedTensors_AreNamed(string end, string dtype)
    {
        Dictionary<string, PlainTensor> tensors = HandmadeModel.Read(Path.Combine(_folder, Weights));
        tensors["model.layers.0.mlp.up_proj.weight" + end] = new(dtype, [8], new byte[dtype == "U8" ? 8 : 32]);
        Write(tensors);

        AssertRefused("are quantized", end);
    }

    [Theory]
    [InlineData("F8_E4M3", 8)]
    [InlineData("F8_E5M2", 8)]
    [InlineData("I8", 8)]
    [InlineData("F4", 4)]
    [InlineData("F6_E2M3", 6)]
    public void Validate_WeightsOfAQuantizedDtype_AreNamed(string dtype, int bits)
    {
        foreach (string end in new[] { "up_proj.weight", "embed_tokens.weight" })
        {
            Write(HandmadeModel.Read(Path.Combine(_folder, Weights)).ToDictionary(
                tensor => tensor.Key,
                tensor => tensor.Key.EndsWith(end, StringComparison.Ordinal)
                    ? new PlainTensor(dtype, tensor.Value.Shape, new byte[tensor.Value.Shape.Aggregate(1, (a, b) => a * b) * bits / 8])
                    : tensor.Value));
            AssertRefused("are quantized", end, $"dtype {dtype}");
            File.Copy(Path.Combine(Fixtures.RepositoryRoot, "samples", "model", Weights), Path.Combine(_folder, Weights), overwrite: true);
        }
    }

    [Theory]
    [InlineData("awq")]
    [InlineData("gptq")]
    [InlineData("fp8")]
    [InlineData("compressed-tensors")]
    [InlineData("mxfp4")]
    [InlineData("hqq")]
    [InlineData("torchao")]
    public void Validate_QuantizationConfig_IsRefusedWhateverItsMethod(string method)
    {
        SetConfig("quantization_config", new JsonObject { ["quant_method"] = method });

        AssertRefused("quantization_config", method, "unquantized weights");
    }

    [Fact]
    public void Validate_NullInTheIndex_IsRefusedAndHidesNoOtherModel()
    {
        WriteShards(out _);
        File.WriteAllText(
            Path.Combine(_folder, "model.safetensors.index.json"), """{"weight_map":{"model.embed_tokens.weight":null}}""");

        AssertRefused("has no 'weight_map' of tensors and their files");
    }

    [Theory]
    [InlineData("../mine2/model.safetensors")]
    [InlineData("..")]
    [InlineData("/etc/passwd")]
    public void Validate_IndexThatLeavesTheFolder_IsRefused(string shard)
    {
        WriteShards(out _);
        File.WriteAllText(
            Path.Combine(_folder, "model.safetensors.index.json"),
            new JsonObject { ["weight_map"] = new JsonObject { ["model.embed_tokens.weight"] = shard } }.ToJsonString());

        AssertRefused("lacks the shard", shard);
    }

    [Theory]
    [InlineData("model-00002-of-00002.safetensors", Pointer, "is a Git LFS pointer")]
    [InlineData("model-00002-of-00002.safetensors", "", "is empty")]
    [InlineData("model.safetensors.index.json", Pointer, "is a Git LFS pointer")]
    [InlineData("model.safetensors.index.json", "{\"weight_map\":", "is not valid JSON")]
    public void Validate_ShardOrIndexThatIsSomethingElse_IsNamed(string file, string content, string part)
    {
        WriteShards(out _);
        File.WriteAllText(Path.Combine(_folder, file), content);

        AssertRefused(file, part);
    }

    [Theory]
    [InlineData("self_attn.q_proj.weight", "self_attn.qkv_proj.weight", "such as 'model.layers.0.self_attn.qkv_proj.weight'")]
    [InlineData("self_attn.q_proj.weight", "self_attn.q_proj.base_layer.weight", "an adapter that is not merged")]
    [InlineData("model.embed_tokens.weight", "tok_embeddings.weight", "Meta's own format")]
    [InlineData("model.embed_tokens.weight", "token_embd.weight", "names of GGUF")]
    public void Validate_OtherNames_AreNamedWithTheirCure(string name, string other, string part)
    {
        Write(HandmadeModel.Read(Path.Combine(_folder, Weights))
            .ToDictionary(tensor => tensor.Key.Replace(name, other, StringComparison.Ordinal), tensor => tensor.Value));

        AssertRefused(part);
    }

    [Theory]
    [InlineData("cls.weight")]
    [InlineData("lm_head.0.weight")]
    public void Validate_UntiedHeadUnderAnUnknownName_IsNamed(string head)
    {
        Dictionary<string, PlainTensor> tensors = HandmadeModel.Read(Path.Combine(_folder, Weights));
        Write(new(tensors) { [head] = tensors["model.embed_tokens.weight"] });
        SetConfig("tie_word_embeddings", false);

        AssertRefused($"it may be '{head}', which has its shape; rename it to lm_head.weight");
    }

    [Fact]
    public void Validate_MissingShard_IsNamed()
    {
        WriteShards(out string second);
        File.Delete(Path.Combine(_folder, second));

        AssertRefused("lacks the shard 'model-00002-of-00002.safetensors'");
    }

    [Fact]
    public void Validate_DerivedBuffersThatTheIndexDoesNotList_AreIgnored()
    {
        WriteShards(out _);

        AssertUsable();
    }

    [Fact]
    public void Validate_TiedHeadInTheFile_IsRefusedOnlyIfItDiffers()
    {
        Dictionary<string, PlainTensor> tensors = HandmadeModel.Read(Path.Combine(_folder, Weights));
        PlainTensor embedding = tensors["model.embed_tokens.weight"];
        foreach (string head in new[] { "lm_head.weight", "model.lm_head.weight", "output.weight" })
        {
            Write(new(tensors) { [head] = embedding });
            AssertUsable();
            Write(new(tensors) { [head] = embedding with { Data = [.. embedding.Data.Reverse()] } });
            AssertRefused($"a head of its own, '{head}'", "tie_word_embeddings to false");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("model.model.")]
    [InlineData("module.model.")]
    public void Validate_MissingOrDoubledPrefix_IsTheSameModel(string prefix)
    {
        Write(HandmadeModel.Read(Path.Combine(_folder, Weights))
            .ToDictionary(tensor => prefix + tensor.Key["model.".Length..], tensor => tensor.Value));

        AssertUsable();
    }

    [Fact]
    public void Validate_EmbeddingNamedInTheMetadata_IsFound()
    {
        Dictionary<string, PlainTensor> tensors = HandmadeModel.Read(Path.Combine(_folder, Weights));
        PlainTensor embedding = tensors["model.embed_tokens.weight"];
        tensors.Remove("model.embed_tokens.weight");
        tensors["lm_head.weight"] = embedding;
        File.WriteAllBytes(
            Path.Combine(_folder, Weights),
            HandmadeModel.Safetensors(tensors, new Dictionary<string, string> { ["model.embed_tokens.weight"] = "lm_head.weight" }));

        AssertUsable();
    }

    private void SetConfig(string key, JsonNode value)
    {
        string path = Path.Combine(_folder, "config.json");
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config[key] = value;
        File.WriteAllText(path, config.ToJsonString());
    }

    private void WriteShards(out string second)
    {
        second = "model-00002-of-00002.safetensors";
        Dictionary<string, PlainTensor> tensors = HandmadeModel.Read(Path.Combine(_folder, Weights));
        string[] names = [.. tensors.Keys.Order(StringComparer.Ordinal)];
        File.Delete(Path.Combine(_folder, Weights));
        JsonObject map = [];
        foreach ((int shard, string[] part) in new[] { names[..20], names[20..] }.Index())
        {
            string file = $"model-0000{shard + 1}-of-00002.safetensors";
            Dictionary<string, PlainTensor> stored = part.ToDictionary(name => name, name => tensors[name]);
            stored[$"model.layers.{shard}.self_attn.rotary_emb.inv_freq"] = PlainTensor.Random(1, 8);
            File.WriteAllBytes(Path.Combine(_folder, file), HandmadeModel.Safetensors(stored));
            foreach (string name in part)
            {
                map[name] = file;
            }
        }

        File.WriteAllText(
            Path.Combine(_folder, "model.safetensors.index.json"), "\uFEFF" + new JsonObject { ["weight_map"] = map }.ToJsonString());
    }

    private void Write(Dictionary<string, PlainTensor> tensors) =>
        File.WriteAllBytes(Path.Combine(_folder, Weights), HandmadeModel.Safetensors(tensors));

    private void AssertUsable()
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["model"] = "mine";
        FinishedRun run = _trainer.Run(spec);
        Assert.True(run.Ended.Error is null, run.Ended.Error);
    }

    private void AssertRefused(params string[] parts)
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["model"] = "mine";

        ModelEntry entry = new ModelCatalog(_trainer.Services.Configuration).List().Single(model => model.Name == "mine");
        FieldError error = Assert.Single(_trainer.Services.Validator.Validate(spec).Errors);

        Assert.False(entry.Usable);
        Assert.Equal("model", error.Field);
        Assert.All(parts, part => Assert.Contains(part, entry.Problem, StringComparison.Ordinal));
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }
}
