using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters.Peft;

/// <summary>Adapters named by <c>initFrom</c> that do not fit or contain invalid values.</summary>
public sealed class BadAdapterTests : IDisposable
{
    private const string Query = "model.layers.0.self_attn.q_proj";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Load_NaNOrInfinity_NamesFileAndTensor(float value)
    {
        Write(A(2, 6), Tensor(AdapterFactor.B, full(4, 2, value)));

        AssertRefused("lora_B.weight' contains NaN or infinity (element 0)", PeftFiles.Weights);
    }

    [Fact]
    public void Load_AdapterOfAnotherWidth_ReportsAnotherModel()
    {
        Write(A(2, 12), B());

        AssertRefused("lora_A.weight'", "shape [2, 12]", "but the run needs [2, 6]", "another model");
    }

    [Fact]
    public void Load_AdapterOfAnotherLayer_NamesTheMissingTensor()
    {
        Write(A(2, 6), ($"base_model.model.model.layers.7.self_attn.q_proj.lora_B.weight", ones(4, 2)));

        AssertRefused($"'{PeftFiles.TensorName(Query, AdapterFactor.B)}' is missing");
    }

    [Fact]
    public void Load_AdapterOfMoreLayers_NamesTheUnusedTensor()
    {
        Write(A(2, 6), B(), ("base_model.model.model.layers.7.self_attn.q_proj.lora_B.weight", ones(4, 2)));

        AssertRefused("'base_model.model.model.layers.7.self_attn.q_proj.lora_B.weight'", "belongs to no target");
    }

    [Fact]
    public void Load_IntegerTensor_NamesTheDtype()
    {
        string path = Write(A(2, 6), B());
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.AsSpan().IndexOf("F32"u8)] = (byte)'I';
        File.WriteAllBytes(path, bytes);

        AssertRefused("has dtype I32");
    }

    [Theory]
    [InlineData("""{"peft_type":"LORA","r":2,"r":4,"lora_alpha":4}""", "'r'")]
    [InlineData("""{"peft_type":"LORA","r":0,"lora_alpha":4}""", "r 0")]
    [InlineData("""{"peft_type":"PREFIX_TUNING","r":2}""", "PREFIX_TUNING")]
    [InlineData("""{"peft_type":"LORA","r":2,"lora_alpha":1e999}""", "lora_alpha")]
    [InlineData("""{"peft_type":"LO\ud800","r":2,"lora_alpha":4}""", "cannot be read")]
    [InlineData("""{"peft_type":"LORA","r":2""", "cannot be read")]
    [InlineData("""[]""", "cannot be read")]
    [InlineData("""null""", "is empty")]
    public void ReadConfig_Broken_NamesTheFile(string config, string part)
    {
        _folder.Write(PeftFiles.Config, config);

        RunFailure failure = Assert.Throws<RunFailure>(() => PeftImport.ReadConfig(_folder.Path));

        Assert.Equal("initFrom", failure.Field);
        Assert.Contains(PeftFiles.Config, failure.Message, StringComparison.Ordinal);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("someone/another-model", 1)]
    [InlineData("someone/sample", 0)]
    [InlineData(null, 0)]
    public void Validate_AdapterOfAnotherBaseName_IsAWarningOnly(string? trainedOn, int warnings)
    {
        using TestTrainer trainer = new();
        _folder.Write(
            PeftFiles.Config,
            new JsonObject { ["peft_type"] = "LORA", ["r"] = 4, ["lora_alpha"] = 8, ["base_model_name_or_path"] = trainedOn }
                .ToJsonString());
        _folder.Write(PeftFiles.Weights, AdapterFiles.Weights());
        JsonObject spec = MicroSpec.For("lora");
        spec["initFrom"] = _folder.Path;

        SpecValidation validation = trainer.Services.Validator.Validate(spec);

        Assert.Empty(validation.Errors);
        Assert.Equal(
            warnings,
            validation.Warnings.Count(warning => warning.Contains($"names '{trainedOn}' as its base model", StringComparison.Ordinal)));
    }

    private static (string, TorchSharp.torch.Tensor) A(int rank, int width) => Tensor(AdapterFactor.A, ones(rank, width));

    private static (string, TorchSharp.torch.Tensor) B() => Tensor(AdapterFactor.B, ones(4, 2));

    private static (string, TorchSharp.torch.Tensor) Tensor(AdapterFactor factor, TorchSharp.torch.Tensor value) =>
        (PeftFiles.TensorName(Query, factor), value);

    private string Write(params (string Name, TorchSharp.torch.Tensor Value)[] tensors)
    {
        string path = Path.Combine(_folder.Path, PeftFiles.Weights);
        SafetensorsWriter.Write(
            path, tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Value), new Dictionary<string, string>());
        _folder.Write(PeftFiles.Config, """{"peft_type":"LORA","r":2,"lora_alpha":4}""");
        return path;
    }

    private void AssertRefused(params string[] parts)
    {
        using LowRankAdapter adapter = new(Query, zeros(2, 6), zeros(4, 2), 2);

        RunFailure failure = Assert.Throws<RunFailure>(() => PeftImport.Load(_folder.Path, [adapter], 2));

        Assert.Equal((EndReason.BadData, "initFrom"), (failure.Reason, failure.Field));
        Assert.Contains(_folder.Path, failure.Message, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, failure.Message, StringComparison.Ordinal));
    }
}
