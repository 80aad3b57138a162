using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Models.Catalog;

/// <summary>Models as other programs save them have the losses of the model that they are: the bundled one, saved in other ways.</summary>
public sealed class PublishedModelTests : IDisposable
{
    private const string Weights = "model.safetensors";
    private const string Embedding = "model.embed_tokens.weight";

    private readonly TestTrainer _trainer = new();
    private readonly string _folder;
    private readonly Dictionary<string, PlainTensor> _tensors;

    public PublishedModelTests()
    {
        _folder = _trainer.CopyOfSampleModel("mine");
        _tensors = HandmadeModel.Read(Path.Combine(_folder, Weights));
    }

    public void Dispose() => _trainer.Dispose();

    [Fact]
    public void Run_ThetaInRopeParametersOfTransformers5_HasTheLossOfItsTwin()
    {
        SetConfig("rope_theta", 500000.0);
        double top = Loss();
        SetConfig("rope_theta", null);
        SetConfig("rope_parameters", JsonNode.Parse("""{"rope_type":"default","rope_theta":500000.0}"""));

        Assert.Equal(top, Loss());
        Assert.NotEqual(Loss("sample"), top);
    }

    [Theory]
    [InlineData("rope_scaling", """{"rope_type":"default"}""")]
    [InlineData("rope_scaling", """{"type":"linear","factor":1.0}""")]
    [InlineData("rope_parameters", """{"rope_type":"default","rope_theta":10000.0,"partial_rotary_factor":1.0}""")]
    [InlineData("max_position_embeddings", "256.0")]
    [InlineData("head_dim", "16")]
    public void Run_HarmlessValue_ChangesNothing(string key, string value)
    {
        SetConfig(key, JsonNode.Parse(value));

        Assert.Equal(Loss("sample"), Loss());
    }

    [Fact]
    public void Run_ConfigurationWithByteOrderMark_ChangesNothing()
    {
        string path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, "\uFEFF" + File.ReadAllText(path));

        Assert.Equal(Loss("sample"), Loss());
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("model.model.", "")]
    [InlineData("module.model.", "")]
    [InlineData("_orig_mod.model.", "")]
    [InlineData("_fsdp_wrapped_module.model.", "")]
    [InlineData("language_model.model.", "")]
    [InlineData("model.language_model.", "")]
    [InlineData("base_model.model.model.", "")]
    [InlineData("model.", "_orig_mod.")]
    [InlineData("model.", "_fsdp_wrapped_module.")]
    [InlineData("model.", "_checkpoint_wrapped_module.")]
    public void Run_OtherPrefixesAndWrappers_AreTheSameModel(string prefix, string inside)
    {
        Write(_tensors.ToDictionary(
            tensor => prefix + tensor.Key["model.".Length..]
                .Replace(".self_attn.", $".{inside}self_attn.", StringComparison.Ordinal)
                .Replace(".mlp.", $".{inside}mlp.", StringComparison.Ordinal),
            tensor => tensor.Value));

        Assert.Equal(Loss("sample"), Loss());
    }

    [Theory]
    [InlineData("lm_head.weight")]
    [InlineData("model.lm_head.weight")]
    [InlineData("language_model.lm_head.weight")]
    [InlineData("output.weight")]
    [InlineData("embed_out.weight")]
    public void Run_HeadUnderAnotherName_IsUsedIfUntiedAndHarmlessIfEqual(string head)
    {
        PlainTensor embedding = _tensors[Embedding];
        Write(new(_tensors) { [head] = embedding });
        Assert.Equal(Loss("sample"), Loss());

        SetConfig("tie_word_embeddings", null);
        Assert.Equal(Loss("sample"), Loss());

        Write(new(_tensors) { [head] = embedding with { Data = [.. embedding.Data.Chunk(256).Reverse().SelectMany(row => row)] } });
        Assert.NotEqual(Loss("sample"), Loss());
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.rotary_emb.inv_freq")]
    [InlineData("model.rotary_emb.original_inv_freq")]
    [InlineData("rope.freqs")]
    [InlineData("model.layers.1.self_attn.rope.cache")]
    [InlineData("model.layers.0.self_attn.rotary_emb.cos_cached")]
    public void Run_DerivedBuffer_IsIgnored(string buffer)
    {
        Write(new(_tensors) { [buffer] = PlainTensor.Random(1, 8) });

        Assert.Equal(Loss("sample"), Loss());
    }

    [Fact]
    public void Run_WeightsInFloat64_AreTheSameModel()
    {
        Write(_tensors.ToDictionary(tensor => tensor.Key, tensor => new PlainTensor(
            "F64",
            tensor.Value.Shape,
            [.. tensor.Value.Data.Chunk(4).SelectMany(value => BitConverter.GetBytes((double)BitConverter.ToSingle(value)))])));

        Assert.Equal(Loss("sample"), Loss());
    }

    private void SetConfig(string key, JsonNode? value)
    {
        string path = Path.Combine(_folder, "config.json");
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config[key] = value;
        File.WriteAllText(path, config.ToJsonString());
    }

    private void Write(Dictionary<string, PlainTensor> tensors) =>
        File.WriteAllBytes(Path.Combine(_folder, Weights), HandmadeModel.Safetensors(tensors));

    private double Loss(string model = "mine")
    {
        JsonObject spec = MicroSpec.For("lora");
        (spec["model"], spec["maxSteps"]) = (model, 1);
        FinishedRun run = _trainer.Run(spec);
        Assert.True(run.Ended.Error is null, run.Ended.Error);
        return run.Series(MetricKeys.EvalLoss).Values.Last();
    }
}
