using System.Text.Json.Nodes;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Specs;

public sealed class SpecValidatorTests
{
    [Theory]
    [InlineData("""{"model":"smaple"}""", "model", "did you mean 'sample'?")]
    [InlineData("""{"dataset":"sampel"}""", "dataset", "did you mean 'sample'?")]
    [InlineData("""{"method":"lora-pluss"}""", "method", "Did you mean 'lora-plus'?")]
    [InlineData("""{"rnak":4}""", "rnak", "did you mean 'rank'?")]
    [InlineData("""{"rank":0}""", "rank", "rank must be at least 1; it is 0.")]
    [InlineData("""{"rank":100000}""", "rank", "the smaller dimension of")]
    [InlineData("""{"rank":"eight"}""", "rank", "rank must be a whole number; it is \"eight\".")]
    [InlineData("""{"rank":null}""", "rank", "rank must not be null")]
    [InlineData("""{"targetModules":["query"]}""", "targetModules", "'query' matches no linear layer")]
    [InlineData("""{"targetModules":[]}""", "targetModules", "list at least one linear layer")]
    [InlineData("""{"targetModules":"every"}""", "targetModules", "targetModules must be a list of layer names or \"all-linear\".")]
    [InlineData("""{"microBatch":0}""", "microBatch", "must be \"auto\" or at least 1")]
    [InlineData("""{"prompt":"What is it? {label}"}""", "prompt", "{sentence}")]
    [InlineData("""{"learningRateB":0.1}""", "learningRateB", "omit it for lora")]
    [InlineData("""{"learningRate":-1}""", "learningRate", "must be greater than 0")]
    [InlineData("""{"learningRate":"NaN"}""", "learningRate", "must be greater than 0")]
    [InlineData("""{"method":"lora-xs","methodOptions":{"sigma":1}}""", "methodOptions.sigma", "is not a known key")]
    [InlineData("""{"method":"lora-xs","methodOptions":{"svd":"quick"}}""", "methodOptions.svd", "must be one of auto, full, randomised.")]
    [InlineData("""{"method":"lora-xs","initFrom":"somewhere"}""", "initFrom", "cannot be used with lora-xs")]
    [InlineData("""{"initFrom":"nowhere"}""", "initFrom", "nowhere")]
    [InlineData("""{"device":"cuda"}""", "device", "TorchBackend=cuda")]
    [InlineData("""{"device":"tpu"}""", "device", "use auto, cpu, cuda or cuda:N")]
    [InlineData("""{"evalEvery":0}""", "evalEvery", "must be at least 1; it is 0.")]
    [InlineData("""{"warmupSteps":1000000}""", "warmupSteps", "must be less than the schedule's")]
    [InlineData("""{"dataOffset":1000000}""", "dataOffset", "training rows")]
    [InlineData("""[]""", "spec", "must be a JSON object")]
    public void Validate_BadField_IsNamedInOneMessage(string json, string field, string part)
    {
        using TestTrainer trainer = new();

        SpecValidation validation = trainer.Services.Validator.Validate(JsonNode.Parse(json));

        FieldError error = Assert.Single(validation.Errors);
        Assert.Equal(field, error.Field);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Null(validation.Spec);
    }

    [Fact]
    public void Validate_Preset_IsStoredAsTheMethodWithItsSettings()
    {
        using TestTrainer trainer = new();

        SpecValidation validation = trainer.Services.Validator.Validate(MicroSpec.For("rslora"));

        Assert.Empty(validation.Errors);
        Assert.Equal(("lora", true), (validation.Spec!.Method, validation.Spec.RankStabilized));
    }

    [Fact]
    public void Validate_PresetWithAnotherSetting_IsRefused()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("rslora");
        spec["rankStabilized"] = false;

        FieldError error = Assert.Single(trainer.Services.Validator.Validate(spec).Errors);

        Assert.Equal("rankStabilized", error.Field);
        Assert.Contains("must be true for rslora", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_SeveralMistakes_AreReportedAtOnce()
    {
        using TestTrainer trainer = new();

        SpecValidation validation =
            trainer.Services.Validator.Validate(JsonNode.Parse("""{"rank":0,"method":"x","evalEvery":0,"oops":1}"""));

        Assert.Equal(["evalEvery", "method", "oops", "rank"], validation.Errors.Select(error => error.Field).Order());
    }

    [Fact]
    public void Validate_LoraPlusWithoutRates_FillsInBoth()
    {
        using TestTrainer trainer = new();

        SpecValidation validation =
            trainer.Services.Validator.Validate(JsonNode.Parse("""{"method":"lora-plus","methodOptions":{"lrRatio":8}}"""));

        Assert.Empty(validation.Errors);
        Assert.Equal(1e-4, validation.Spec!.LearningRate);
        Assert.Equal(8e-4, validation.Spec.LearningRateB!.Value, 1e-12);
        Assert.Equal("""{"lrRatio":8,"init":"kaiming"}""", validation.Spec.MethodOptions.ToJsonString());
        Assert.Equal("lora-plus r8 a16 lr1e-4/8e-4 s42", validation.SuggestedName);
    }

    [Fact]
    public void Validate_ModelWithoutWeights_IsRefusedBeforeAWorkerStarts()
    {
        using TestTrainer trainer = new(fixtures: true);

        SpecValidation validation =
            trainer.Services.Validator.Validate(JsonNode.Parse("""{"model":"TinyLlama-1.1B-Chat-v1.0-tokenizer-only"}"""));

        FieldError error = Assert.Single(validation.Errors);
        Assert.Equal("model", error.Field);
        Assert.Contains("no weights", error.Message, StringComparison.Ordinal);
    }
}
