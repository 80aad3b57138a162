using System.Text.Json.Nodes;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters.Peft;
using Xunit;

namespace LoraLab.Tests.Training.Adapters.Peft;

/// <summary>Adapters as other programs save them, as the start of a run: targets, ranks and layers follow from the tensors.</summary>
public sealed class PublishedAdapterTests : IDisposable
{
    private readonly TestTrainer _trainer = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _trainer.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("target_modules", "\"model\\\\.layers\\\\.\\\\d+\\\\.self_attn\\\\.(q_proj|v_proj)\"")]
    [InlineData("target_modules", "\"all-linear\"")]
    [InlineData("target_modules", "[\"self_attn.q_proj\",\"self_attn.v_proj\"]")]
    [InlineData("target_modules", "null")]
    [InlineData("layers_to_transform", "[0,1,2,3]")]
    [InlineData("rank_pattern", "{\"q_proj\":4}")]
    [InlineData("r", "4.0")]
    [InlineData("lora_alpha", "8.0")]
    [InlineData("eva_config", "{\"rho\":2.0}")]
    [InlineData("init_lora_weights", "\"eva\"")]
    [InlineData("use_dora", "null")]
    [InlineData("use_rslora", "null")]
    [InlineData("fan_in_fan_out", "null")]
    [InlineData("fan_in_fan_out", "true")]
    [InlineData("bias", "null")]
    [InlineData("r", "null")]
    [InlineData("task_type", "null")]
    [InlineData("base_model_name_or_path", "null")]
    public void Train_ConfigurationAsPeftWritesIt_StartsFromTheFactors(string key, string value)
    {
        AssertStarts(AdapterFiles.Factors(), key, value);
    }

    [Theory]
    [InlineData("base_model.model.model.", ".default")]
    [InlineData("base_model.model.model.", ".my_adapter")]
    [InlineData("module.base_model.model.model.", "")]
    [InlineData("_fsdp_wrapped_module.base_model.model.model.", "")]
    [InlineData("_orig_mod.base_model.model.model.", "")]
    [InlineData("base_model.model.model.language_model.", "")]
    [InlineData("model.", "")]
    [InlineData("base_model.model.base_model.model.model.", "")]
    [InlineData("", "")]
    public void Train_OtherPrefix_StartsFromTheFactors(string prefix, string infix)
    {
        AssertStarts(AdapterFiles.Factors(prefix, infix: infix), "r", "4");
    }

    [Theory]
    [InlineData("_orig_mod")]
    [InlineData("_fsdp_wrapped_module")]
    [InlineData("_checkpoint_wrapped_module")]
    public void Train_NamesWithWrappersInside_StartsFromTheFactors(string wrapper)
    {
        AssertStarts(
            AdapterFiles.Factors().ToDictionary(
                factor => factor.Key.Replace(".self_attn.", $".{wrapper}.self_attn.", StringComparison.Ordinal), factor => factor.Value),
            "r",
            "4");
    }

    [Theory]
    [InlineData("lora_bias", "true", "lora_bias true")]
    [InlineData("bias", "\"all\"", "bias \"all\"")]
    [InlineData("lora_alpha", "null", "has no lora_alpha")]
    [InlineData("lora_alpha", "-8", "lora_alpha -8")]
    [InlineData("lora_alpha", "\"8\"", "lora_alpha must be a number.")]
    [InlineData("r", "4.5", "r must be a whole number")]
    [InlineData("r", "8", "states rank 8")]
    [InlineData("init_lora_weights", "\"not_known_yet\"", "init_lora_weights 'not_known_yet'")]
    [InlineData("weight_decompose", "true", "'weight_decompose'")]
    [InlineData("peft_type", "\"PREFIX_TUNING\"", "use an adapter of peft_type")]
    [InlineData("use_dora", "true", "is of the method dora, whose tensors lora does not have")]
    [InlineData("task_type", "\"SEQ_CLS\"", "task_type")]
    [InlineData("modules_to_save", "[\"lm_head\"]", "modules_to_save")]
    [InlineData("rank_pattern", "{\"q_proj\":8}", "rank_pattern")]
    [InlineData("alpha_scaling", "2", "'alpha_scaling'")]
    [InlineData("init_lora_weights", "\"pissa\"", "init_lora_weights 'pissa'")]
    public void Validate_KeyThatChangesTheMathematics_IsRefusedByName(string key, string value, string part)
    {
        Write(AdapterFiles.Factors(), key, value);

        FieldError error = Assert.Single(Validate().Errors);

        Assert.Equal("initFrom", error.Field);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PeftFiles.Weights, "version https://git-lfs.github.com/spec/v1\noid sha256:abcd\nsize 99\n", "is a Git LFS pointer")]
    [InlineData(PeftFiles.Config, "version https://git-lfs.github.com/spec/v1\noid sha256:abcd\nsize 99\n", "is a Git LFS pointer")]
    [InlineData(PeftFiles.Weights, "Entry not found", "is a text that begins with 'Entry not found'")]
    [InlineData(PeftFiles.Config, "Repository not found", "is a text that begins with 'Repository not found'")]
    [InlineData(PeftFiles.Config, "[]", "is not a JSON object")]
    [InlineData(PeftFiles.Config, "{\"r\": 4,}", "trailing comma")]
    public void Validate_FileThatIsSomethingElse_IsRefusedWithItsCure(string file, string content, string part)
    {
        Write(AdapterFiles.Factors(), "r", "4");
        _folder.Write(file, content);

        Assert.Contains(part, Assert.Single(Validate().Errors).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base_model.model.lm_head.weight", "is a weight of the model")]
    [InlineData("base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector", "is not a factor of PEFT's LoRA")]
    [InlineData("base_model.model.model.layers.0.self_attn.q_proj.bias", "is not a factor of PEFT's LoRA")]
    public void Validate_TensorThatIsNoFactor_IsNamed(string tensor, string part)
    {
        Write(new(AdapterFiles.Factors()) { [tensor] = PlainTensor.Random(1, 8) }, "r", "4");

        Assert.Contains(part, Assert.Single(Validate().Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_FactorThatIsNotFinite_IsNamedBeforeTheRunIsQueued()
    {
        const string Factor = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight";
        Dictionary<string, PlainTensor> factors = AdapterFiles.Factors();
        BitConverter.GetBytes(float.NaN).CopyTo(factors[Factor].Data, 4 * 5);
        Write(factors, "r", "4");

        Assert.Contains(
            $"'{Factor}' contains NaN or infinity (element 5)", Assert.Single(Validate().Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_WeightsUnderAnotherName_AreNamed()
    {
        Write(AdapterFiles.Factors(), "r", "4");
        File.Move(Path.Combine(_folder.Path, PeftFiles.Weights), Path.Combine(_folder.Path, "adapters.safetensors"));

        Assert.Contains("only adapters.safetensors; rename it", Assert.Single(Validate().Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_AdapterThatDoesNotFit_IsRefusedBeforeItIsQueued()
    {
        Write(AdapterFiles.Factors(rank: 2), "r", "2");
        Assert.Contains("set rank to 2", Assert.Single(Validate().Errors).Message);
        Write(AdapterFiles.Factors(layers: 2), "r", "4");
        Assert.Contains("has no factors for 'model.layers.2.", Assert.Single(Validate().Errors).Message);
        Write(AdapterFiles.Factors().Where(factor => factor.Key.Contains("q_proj")).ToDictionary(), "r", "4");
        Assert.Contains("adapts q_proj, but the run adapts q_proj, v_proj", Assert.Single(Validate().Errors).Message);
        File.Delete(Path.Combine(_folder.Path, PeftFiles.Weights));
        _folder.Write("adapter_model.bin", "PK\u0003\u0004");
        Assert.Contains("only adapter_model.bin", Assert.Single(Validate().Errors).Message);
    }

    [Fact]
    public void Validate_OtherScaling_IsAWarningThatNamesBoth()
    {
        Write(AdapterFiles.Factors(), "use_rslora", "true", alpha: 32);

        SpecValidation validation = Validate();

        Assert.Empty(validation.Errors);
        Assert.Contains(validation.Warnings, warning => warning.Contains("s = 16 ") && warning.Contains("s = 2,"));
    }

    private void AssertStarts(Dictionary<string, PlainTensor> factors, string key, string value)
    {
        Write(factors, key, value);
        JsonObject spec = Spec();
        spec["learningRate"] = 1e-12;
        spec["maxSteps"] = 1;

        FinishedRun run = _trainer.Run(spec);

        Assert.True(run.Ended.Error is null, run.Ended.Error);
        PlainSafetensors saved = new(Path.Combine(run.Folder, "adapter", PeftFiles.Weights));
        foreach ((string name, PlainTensor factor) in AdapterFiles.Factors())
        {
            float[] expected = Floats(factor.Data);
            Assert.All(Floats(saved.Bytes(name)).Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
        }
    }

    private static float[] Floats(byte[] bytes) =>
        [.. Enumerable.Range(0, bytes.Length / 4).Select(i => BitConverter.ToSingle(bytes, 4 * i))];

    private void Write(Dictionary<string, PlainTensor> factors, string key, string value, double alpha = 8)
    {
        JsonObject config = AdapterFiles.Config();
        config["lora_alpha"] = alpha;
        config[key] = JsonNode.Parse(value);
        _folder.Write(PeftFiles.Config, "\uFEFF" + config.ToJsonString());
        _folder.Write(PeftFiles.Weights, HandmadeModel.Safetensors(factors, new Dictionary<string, string> { ["format"] = "pt" }));
    }

    private JsonObject Spec()
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["initFrom"] = _folder.Path;
        return spec;
    }

    private SpecValidation Validate() => _trainer.Services.Validator.Validate(Spec());
}
