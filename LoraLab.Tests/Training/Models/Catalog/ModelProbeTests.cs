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
    public void Validate_QuantizedTensors_AreNamed(string end, string dtype)
    {
        Dictionary<string, PlainTensor> tensors = HandmadeModel.Read(Path.Combine(_folder, Weights));
        tensors["model.layers.0.mlp.up_proj.weight" + end] = new(dtype, [8], new byte[dtype == "U8" ? 8 : 32]);
        Write(tensors);

        AssertRefused("are quantized", end);
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
